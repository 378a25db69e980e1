import Foundation
import HotReloadTesting

@testable import WorkspaceTools

/// Python's `tomllib`, asked about a whole batch of documents by one process.
///
/// What is compared is a canonical text of the values, which both sides make. Where this package
/// differs from `tomllib` on purpose, the script makes `tomllib` do the same:
/// - integers must fit 64 bits, and a number such as `1e400` is refused, not infinite;
/// - a byte order mark at the start is skipped;
/// - times are compared to the microsecond, which is all that Python keeps.
enum TOMLOracle {
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  private static let script = """
    import base64, datetime, math, struct, sys
    try:
        import tomllib
    except ImportError:
        sys.exit("python3 has no tomllib; this test needs Python 3.11 or newer")
    def number(text):
        value = float(text)
        if math.isinf(value) and "inf" not in text:
            raise ValueError("too large")
        return value
    def clock(v):
        return "%02d:%02d:%02d.%06d" % (v.hour, v.minute, v.second, v.microsecond)
    def canonical(v):
        if isinstance(v, bool): return "b1" if v else "b0"
        if isinstance(v, int):
            if not -2**63 <= v < 2**63: raise ValueError("too large")
            return "i%d" % v
        if isinstance(v, float):
            return "fnan" if math.isnan(v) else "f" + struct.pack(">d", v).hex()
        if isinstance(v, str): return "s" + v.encode().hex()
        if isinstance(v, list): return "[" + ",".join(map(canonical, v)) + "]"
        if isinstance(v, dict):
            return "{" + ",".join(sorted(k.encode().hex() + "=" + canonical(x) for k, x in v.items())) + "}"
        if isinstance(v, datetime.datetime):
            day = "%04d-%02d-%02d" % (v.year, v.month, v.day)
            if v.tzinfo is None: return "l" + day + "T" + clock(v)
            minutes = round(v.utcoffset().total_seconds() / 60)
            return "o" + day + "T" + clock(v) + "%+d" % minutes
        if isinstance(v, datetime.date): return "d%04d-%02d-%02d" % (v.year, v.month, v.day)
        if isinstance(v, datetime.time): return "t" + clock(v)
        raise TypeError(type(v))
    with open(sys.argv[2], "w") as out:
        for line in open(sys.argv[1]):
            try:
                text = base64.b64decode(line).decode("utf-8-sig")
                out.write(canonical(tomllib.loads(text, parse_float=number)) + "\\n")
            except RecursionError:
                out.write("deep\\n")
            except ValueError as error:
                out.write("error " + str(error).replace("\\n", " ") + "\\n")
    """

  /// What `tomllib` makes of each document: its canonical text, `error …`, or `deep` where Python
  /// gave up.
  static func answers(for documents: [[UInt8]]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("toml-oracle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("in")
    let output = folder.appendingPathComponent("out")
    let lines = documents.map { Data($0).base64EncodedString() + "\n" }.joined()
    try Data(lines.utf8).write(to: input)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-X", "utf8", "-c", script, input.path, output.path]
    let errors = Pipe()
    process.standardError = errors
    try DescriptorInheritance.whileStarting { try process.run() }
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = String(decoding: complaint, as: UTF8.self)
      throw Unavailable(description: "cannot ask python3's tomllib (3.11 or newer): \(text)")
    }
    let answers = String(decoding: try Data(contentsOf: output), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    guard answers.count == documents.count else {
      throw Unavailable(description: "\(answers.count) answers to \(documents.count) documents")
    }
    return answers
  }

  /// The canonical text of a tree.
  static func canonical(_ tree: ConfigTree) -> String {
    switch tree.value {
    case .null: return "null"
    case .bool(let value): return value ? "b1" : "b0"
    case .integer(let value): return "i\(value)"
    case .float(let value):
      if value.isNaN { return "fnan" }
      let digits = String(value.bitPattern, radix: 16)
      return "f" + String(repeating: "0", count: 16 - digits.count) + digits
    case .string(let text): return "s" + hex(text)
    case .date(let date): return canonical(date)
    case .array(let elements): return "[" + elements.map(canonical).joined(separator: ",") + "]"
    case .table(let table):
      let entries = table.map { hex($0.key) + "=" + canonical($0.value) }.sorted()
      return "{" + entries.joined(separator: ",") + "}"
    }
  }

  private static func canonical(_ date: ConfigDate) -> String {
    let day = String(format: "%04d-%02d-%02d", date.year, date.month, date.day)
    let clock = String(
      format: "%02d:%02d:%02d.%06d", date.hour, date.minute, date.second, date.nanosecond / 1000)
    switch date.kind {
    case .localDate: return "d\(day)"
    case .localTime: return "t\(clock)"
    case .localDateTime: return "l\(day)T\(clock)"
    case .offsetDateTime: return "o\(day)T\(clock)" + String(format: "%+d", date.offsetMinutes)
    }
  }

  private static func hex(_ text: String) -> String {
    text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
