/// A place in a document's bytes that knows its line and column.
///
/// It reads 0 at the end of the document, so that a parser can look ahead without asking first:
/// no format allows the byte 0.
struct ByteScanner {
  /// How deep arrays and tables of JSON and TOML may be nested.
  static let maximumNesting = 512

  let bytes: UnsafeBufferPointer<UInt8>
  let source: SourceLocation.Source
  private(set) var offset: Int
  private var line: UInt32 = 1
  /// The offset of the line's start, plus the bytes on it that do not start a scalar; thus columns
  /// count scalars.
  private var lineStart: Int

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  init(_ bytes: UnsafeBufferPointer<UInt8>, source: SourceLocation.Source) {
    self.bytes = bytes
    self.source = source
    self.offset = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    self.lineStart = offset
  }

  var isAtEnd: Bool { offset >= bytes.count }

  /// The byte here; 0 at the end.
  var current: UInt8 {
    @inline(__always) get { offset < bytes.count ? bytes[offset] : 0 }
  }

  /// The byte `distance` further; 0 beyond the end.
  @inline(__always)
  func peek(_ distance: Int) -> UInt8 {
    offset + distance < bytes.count ? bytes[offset + distance] : 0
  }

  /// Steps over bytes that are no line feeds and start a scalar.
  @inline(__always)
  mutating func advance(_ count: Int = 1) {
    offset += count
  }

  /// Goes to `end`, over bytes of which `continuations` do not start a scalar, and no line feeds.
  @inline(__always)
  mutating func move(to end: Int, continuations: Int) {
    offset = end
    lineStart += continuations
  }

  /// Steps over a line feed.
  @inline(__always)
  mutating func advanceLine() {
    offset += 1
    line &+= 1
    lineStart = offset
  }

  /// The position of the current byte.
  var position: Position {
    @inline(__always) get {
      Position(line: line, column: UInt32(truncatingIfNeeded: offset - lineStart + 1))
    }
  }

  /// The current position, as a location.
  var location: SourceLocation {
    @inline(__always) get { SourceLocation(source: source, position: position) }
  }

  @inline(__always)
  func location(at position: Position) -> SourceLocation {
    SourceLocation(source: source, position: position)
  }

  /// The bytes from `start` to `end`.
  @inline(__always)
  func slice(_ start: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  /// An error at the current byte or at another one. Its position is counted from the document's
  /// start, so that a parser need not keep it up to date inside a text.
  func error(_ message: String, at errorOffset: Int? = nil) -> ConfigDiagnostic {
    let end = min(errorOffset ?? offset, bytes.count)
    var line: UInt32 = 1
    var column: UInt32 = 1
    var index = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    while index < end {
      if bytes[index] == UInt8(ascii: "\n") {
        line &+= 1
        column = 1
      } else if bytes[index] & 0xC0 != 0x80 {
        column &+= 1
      }
      index += 1
    }
    return ConfigDiagnostic(
      location: location(at: Position(line: line, column: column)), message: message)
  }

  /// The value of so many hexadecimal digits at `start`; nil if there are fewer.
  func hexadecimal(at start: Int, digits: Int) -> UInt32? {
    guard start + digits <= bytes.count else { return nil }
    var value: UInt32 = 0
    for index in start..<start + digits {
      let byte = bytes[index]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- 48
      case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"):
        digit = (byte & 0x5F) &- 55
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// What is at `offset`, for messages: `'x'`, `end of document`, `control character U+0001`.
  func describe(at place: Int) -> String {
    guard place < bytes.count else { return "end of document" }
    let byte = bytes[place]
    switch byte {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return "end of line"
    case 0..<0x20, 0x7F: return "control character \(Self.codePoint(UInt32(byte)))"
    case 0..<0x80: return "'\(Character(Unicode.Scalar(byte)))'"
    default:
      let length = UTF8Validation.scalarLength(bytes, at: place)
      guard length > 0 else { return "a byte that is not UTF-8" }
      return "'\(String(decoding: slice(place, place + length), as: UTF8.self))'"
    }
  }

  /// `U+0001`.
  static func codePoint(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }
}

/// The well-formedness of UTF-8 (Unicode 16, table 3-7).
enum UTF8Validation {
  /// Appends the bytes of a scalar.
  static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { bytes.append(byte) }
  }

  /// The length of the well-formed scalar at `offset`, which must be within `bytes`; 0 if there is
  /// none.
  static func scalarLength(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
    let first = bytes[offset]
    if first < 0x80 { return 1 }
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      second = 0xA0...0xBF
    case 0xED:
      length = 3
      second = 0x80...0x9F
    case 0xE1...0xEF: length = 3
    case 0xF0:
      length = 4
      second = 0x90...0xBF
    case 0xF1...0xF3: length = 4
    case 0xF4:
      length = 4
      second = 0x80...0x8F
    default: return 0
    }
    guard offset + length <= bytes.count, second.contains(bytes[offset + 1]) else { return 0 }
    var index = offset + 2
    while index < offset + length {
      guard bytes[index] & 0xC0 == 0x80 else { return 0 }
      index += 1
    }
    return length
  }
}
