import Foundation

/// Writes what is in a tag so that Stencil reads it well and cannot be ended by it.
///
/// Line breaks become spaces. `items.last` and `items[key]`, which end the process if the list is empty, and ranges,
/// which do if they are too large, become filters of ours.
struct StencilExpression {
  /// How many brackets and negations a tag can have: Stencil reads them recursively.
  static let maximumNesting = 50

  private let bytes: [UInt8]
  private let start: Int
  private var output: [UInt8] = []
  /// Whether what comes is an argument of a filter, where no other filter can be.
  private var isArgument = false
  private var nesting = 0

  /// - Parameters:
  ///   - bytes: the whole template.
  ///   - range: what is to be written anew.
  static func rewrite(_ bytes: [UInt8], _ range: Range<Int>) throws(StencilScanError) -> String {
    var expression = StencilExpression(bytes: Array(bytes[range]), start: range.lowerBound)
    try expression.run()
    return String(decoding: expression.output, as: UTF8.self)
  }

  private init(bytes: [UInt8], start: Int) {
    self.bytes = bytes
    self.start = start
  }

  private mutating func run() throws(StencilScanError) {
    var offset = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let end = bytes[(offset + 1)...].firstIndex(of: byte) ?? bytes.count
        guard end < bytes.count else {
          throw wrong(offset, "the text is not closed with another quotation mark")
        }
        output += bytes[offset...end].map(Self.withoutBreak)
        offset = end + 1
      case let byte where StencilScanner.isSpace(byte):
        output.append(UInt8(ascii: " "))
        offset += 1
        if output.dropLast().last.map({ ![0x2C, 0x3A, 0x20].contains($0) }) ?? true {
          isArgument = false
        }
      case UInt8(ascii: "|"):
        // Stencil takes what has a space on one side of the bar only for two words.
        isArgument = false
        while output.last == UInt8(ascii: " ") { output.removeLast() }
        output.append(byte)
        offset += 1
        while offset < bytes.count, StencilScanner.isSpace(bytes[offset]) { offset += 1 }
      case UInt8(ascii: ":"):
        isArgument = true
        output.append(byte)
        offset += 1
      case UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"):
        if byte == UInt8(ascii: "(") { try count(offset) }
        output.append(byte)
        offset += 1
      default:
        offset = try word(at: offset)
      }
    }
  }

  /// A name, path, number, range or operator.
  private mutating func word(at begin: Int) throws(StencilScanError) -> Int {
    var end = begin
    var depth = 0
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "[") { depth += 1 }
      if byte == UInt8(ascii: "]") { depth -= 1 }
      if depth <= 0, StencilScanner.isSpace(byte) || Self.ends.contains(byte) { break }
      end += 1
    }
    let text = String(decoding: bytes[begin..<end], as: UTF8.self)
    if text == "not" { try count(begin) }
    guard !text.hasPrefix(StencilVocabulary.prefix) else {
      throw wrong(begin, "names with \(StencilVocabulary.prefix) are reserved")
    }
    let ends = text.components(separatedBy: "...")
    if ends.count == 2 {
      try range(ends[0], ends[1], at: begin, end)
    } else {
      output += Array(try guarded(text, at: begin).utf8)
    }
    return end
  }

  private mutating func range(
    _ low: String, _ high: String, at begin: Int, _ end: Int
  ) throws(StencilScanError) {
    guard !isArgument, !low.isEmpty, !high.isEmpty,
      end == bytes.count || bytes[end] != UInt8(ascii: "|"),
      !Self.needsGuard(high)
    else { throw wrong(begin, "a range is two plain numbers or names: 1...count") }
    output += Array("\(try guarded(low, at: begin))|\(StencilVocabulary.range):\(high)".utf8)
  }

  private func guarded(_ path: String, at offset: Int) throws(StencilScanError) -> String {
    guard Self.needsGuard(path) else { return path }
    let mark = path.contains("\"") ? "'" : "\""
    guard !isArgument, !path.contains(mark), !path.contains(where: \.isWhitespace) else {
      throw wrong(offset, "\(path) cannot stand here; write it without .last or [ ]")
    }
    return "\(mark)\(path)\(mark)|\(StencilVocabulary.path)"
  }

  static func needsGuard(_ path: String) -> Bool {
    path.contains("[") || path.split(separator: ".").dropFirst().contains("last")
  }

  private mutating func count(_ offset: Int) throws(StencilScanError) {
    nesting += 1
    guard nesting <= Self.maximumNesting else {
      throw wrong(offset, "a tag can have \(Self.maximumNesting) brackets and negations at most")
    }
  }

  private static let ends = Array("|:,()\"'".utf8)

  private static func withoutBreak(_ byte: UInt8) -> UInt8 {
    (0x09...0x0D).contains(byte) ? 0x20 : byte
  }

  private func wrong(_ offset: Int, _ message: String) -> StencilScanError {
    StencilScanError(offset: start + offset, message: message)
  }
}
