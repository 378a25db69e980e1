import Yams

/// A YAML document as Yams gets to see it: checked, and with its aliases made harmless.
///
/// Yams puts the whole aliased node in the alias's place and then hashes it if it is part of a key,
/// so a small document can cost exponential time. Therefore each `*` that could start an alias is
/// replaced by a character from a private area that the document does not have. A plain scalar
/// cannot start with `*`; thus a plain scalar that starts with the stand-in is an alias, which
/// ``YAMLConversion`` resolves under its own bounds, and everywhere else the stand-in is put back.
/// Both are one scalar, so that columns stay right.
struct YAMLText {
  /// The document with stand-ins.
  let yaml: String
  /// What stands for `*`; nil if no `*` was replaced.
  let standIn: Unicode.Scalar?
  let source: SourceLocation.Source
  private let lineCount: Int

  /// The scalars that may stand in: the basic plane's private use area.
  private static let privateUse: ClosedRange<UInt32> = 0xE000...0xF8FF

  /// Checks that `bytes` are UTF-8 and hold only characters that YAML has.
  init(_ bytes: [UInt8], source: SourceLocation.Source) throws(ConfigParseError) {
    self.source = source
    let result: Result<Survey, ConfigParseError> = bytes.withUnsafeBufferPointer { buffer in
      Result { () throws(ConfigParseError) in try Self.survey(buffer, source: source) }
    }
    let survey = try result.get()
    self.lineCount = survey.lineCount
    guard survey.hasAlias else {
      self.yaml = String(decoding: bytes, as: UTF8.self)
      self.standIn = nil
      return
    }
    guard let code = Self.privateUse.first(where: { !survey.privateUse.contains($0) }),
      let standIn = Unicode.Scalar(code)
    else {
      throw ConfigDiagnostic(
        location: SourceLocation(source: source, position: Position(line: 1, column: 1)),
        message: "the document uses every private-use character, so that aliases cannot be read")
    }
    self.standIn = standIn
    var encoded: [UInt8] = []
    UTF8Validation.append(standIn, to: &encoded)
    var replaced: [UInt8] = []
    replaced.reserveCapacity(bytes.count + bytes.count / 8)
    var previous = UInt8(ascii: "\n")
    for byte in bytes {
      if byte == UInt8(ascii: "*") && Self.canPrecedeAlias(previous) {
        replaced.append(contentsOf: encoded)
      } else {
        replaced.append(byte)
      }
      previous = byte
    }
    self.yaml = String(decoding: replaced, as: UTF8.self)
  }

  /// `text` with `*` where it had a stand-in.
  func restoring(_ text: String) -> String {
    guard let standIn, text.unicodeScalars.contains(standIn) else { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { scalars.append(scalar == standIn ? "*" : scalar) }
    return String(scalars)
  }

  var start: SourceLocation {
    SourceLocation(source: source, position: Position(line: 1, column: 1))
  }

  func position(of mark: Mark) -> Position {
    // libyaml counts a line more after a last line feed, and also other line ends than this module.
    Position(
      line: UInt32(clamping: min(max(1, mark.line), lineCount)),
      column: UInt32(clamping: max(1, mark.column)))
  }

  func location(of mark: Mark) -> SourceLocation {
    SourceLocation(source: source, position: position(of: mark))
  }

  /// The document with the first character of the key at `mark` changed to one that it does not
  /// have; nil if that cannot be done simply.
  func renamingKey(at mark: Mark) -> String? {
    var scalars = Array(yaml.unicodeScalars)
    guard var index = Self.index(of: mark, in: scalars), index < scalars.count else { return nil }
    if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
    let used = Set(scalars.lazy.map(\.value).filter(Self.privateUse.contains))
    guard index < scalars.count, !"&!?\"'\n".unicodeScalars.contains(scalars[index]),
      let free = Self.privateUse.first(where: { !used.contains($0) }),
      let scalar = Unicode.Scalar(free)
    else { return nil }
    scalars[index] = scalar
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  private static func index(of mark: Mark, in scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    var column = 1
    for (index, scalar) in scalars.enumerated() {
      if line == mark.line && column == mark.column { return index }
      if scalar == "\n" {
        line += 1
        column = 1
      } else {
        column += 1
      }
      if line > mark.line { return nil }
    }
    return nil
  }

  private struct Survey {
    var hasAlias = false
    var lineCount = 1
    var privateUse: Set<UInt32> = []
  }

  private static func canPrecedeAlias(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
      UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"),
      0x80...:
      true
    default: false
    }
  }

  /// One pass over the bytes: are they YAML's characters, and which ones matter later.
  private static func survey(
    _ bytes: UnsafeBufferPointer<UInt8>, source: SourceLocation.Source
  ) throws(ConfigParseError) -> Survey {
    var survey = Survey()
    let scanner = ByteScanner(bytes, source: source)
    var offset = scanner.offset
    var previous = UInt8(ascii: "\n")
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte < 0x80 {
        if byte == UInt8(ascii: "\n") {
          survey.lineCount += 1
        } else if byte == UInt8(ascii: "*") {
          if canPrecedeAlias(previous) { survey.hasAlias = true }
        } else if byte < 0x20 && byte != UInt8(ascii: "\t") && byte != UInt8(ascii: "\r")
          || byte == 0x7F
        {
          throw scanner.error(
            "\(scanner.describe(at: offset)), which YAML does not allow", at: offset)
        }
        offset += 1
      } else {
        let length = UTF8Validation.scalarLength(bytes, at: offset)
        guard length > 0 else { throw scanner.error("a byte that is not UTF-8", at: offset) }
        if length == 3 {
          let code =
            UInt32(byte & 0x0F) << 12 | UInt32(bytes[offset + 1] & 0x3F) << 6
            | UInt32(bytes[offset + 2] & 0x3F)
          if privateUse.contains(code) { survey.privateUse.insert(code) }
          guard code < 0xFFFE else {
            throw scanner.error(
              "\(ByteScanner.codePoint(code)), which YAML does not allow", at: offset)
          }
        } else if length == 2, byte == 0xC2, bytes[offset + 1] < 0xA0, bytes[offset + 1] != 0x85 {
          let name = ByteScanner.codePoint(UInt32(bytes[offset + 1]))
          throw scanner.error("\(name), which YAML does not allow", at: offset)
        }
        offset += length
      }
      previous = byte
    }
    return survey
  }
}
