import SystemPackage
import WorkspaceTools

/// A journal's file, taken apart into lines.
struct JournalScan: Sendable {
  struct Line: Sendable {
    /// Its place in ``bytes``, without its end.
    var range: Range<Int>
    var entry: JournalEntry?
  }

  /// The most bytes of a file that are read: of a larger one the end.
  static let maximumSize = 64 << 20
  /// The most findings that are told one by one.
  private static let maximumFindings = 8

  let bytes: [UInt8]
  /// The lines that are well-formed, also those of kinds that are unknown, in their order.
  private(set) var lines: [Line] = []
  /// The lines that are no entries, by number from 1.
  private(set) var garbage: [(number: Int, range: Range<Int>)] = []
  /// Whether the last line has no end.
  private(set) var isTorn = false

  var state: JournalState {
    var state = JournalState()
    for line in lines { if let entry = line.entry { state.apply(entry.event) } }
    return state
  }

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var start = 0
    var number = 0
    while start < bytes.count {
      let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
      let range = start..<(newline ?? bytes.count)
      number += 1
      start = range.upperBound + 1
      if newline == nil { isTorn = true }
      if range.isEmpty { continue }
      switch JournalLine(bytes[range]) {
      case .entry(let entry): lines.append(Line(range: range, entry: entry))
      case .unknown: lines.append(Line(range: range, entry: nil))
      case .garbage: garbage.append((number, range))
      }
    }
  }

  /// Reads a file; empty if there is none. Blocking.
  init(reading path: FilePath) throws(Errno) {
    var bytes: [UInt8] = []
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
      defer { try? file.close() }
      let size = try file.seek(offset: 0, from: .end)
      let start = max(0, size - Int64(Self.maximumSize))
      try file.seek(offset: start, from: .start)
      // What is written meanwhile is not asked for.
      bytes.reserveCapacity(Int(size - start))
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while bytes.count < Int(size - start) {
        let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
        if count == 0 { break }
        bytes += chunk[..<count]
      }
    } catch let error as Errno {
      if error != .noSuchFileOrDirectory && error != .notDirectory { throw error }
    } catch { throw .ioError }
    self.init(bytes)
  }

  /// What is wrong with the file, for people.
  func findings(in path: FilePath) -> [String] {
    var findings = garbage.prefix(Self.maximumFindings).map { line in
      let isTail = isTorn && line.range.upperBound == bytes.count
      return "\(path):\(line.number): "
        + (isTail ? "the last line was not written to its end" : "is no entry of a journal")
        + "; it is left out"
    }
    if garbage.count > Self.maximumFindings {
      findings.append("\(path): \(garbage.count - Self.maximumFindings) more lines are no entries")
    }
    return findings
  }
}
