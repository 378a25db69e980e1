extension TOMLParser {
  /// True for what may not stand in any text: control characters but the tab.
  @inline(__always)
  private static func isForbidden(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
  }

  private func forbidden(at offset: Int) -> ConfigDiagnostic {
    let byte = scanner.bytes[offset]
    if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
      return scanner.error("the text is not closed on its line", at: offset)
    }
    return scanner.error("\(scanner.describe(at: offset)) inside a text", at: offset)
  }

  /// The length of the scalar at `offset`, which is not ASCII.
  private func scalarLength(at offset: Int) throws(ConfigParseError) -> Int {
    let length = UTF8Validation.scalarLength(scanner.bytes, at: offset)
    guard length > 0 else { throw scanner.error("a byte that is not UTF-8", at: offset) }
    return length
  }

  /// `"text"` on one line.
  mutating func basicText() throws(ConfigParseError) -> String {
    let bytes = scanner.bytes
    let start = scanner.offset + 1
    var end = start
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") {
        let text = String(decoding: scanner.slice(start, end), as: UTF8.self)
        scanner.move(to: end + 1, continuations: 0)
        return text
      }
      if byte == UInt8(ascii: "\\") || byte >= 0x80 || Self.isForbidden(byte) { break }
      end += 1
    }
    return try escapedText(start: start)
  }

  /// A text on one line with escapes or other scalars than ASCII.
  private mutating func escapedText(start: Int) throws(ConfigParseError) -> String {
    let bytes = scanner.bytes
    var end = start
    var continuations = 0
    unescaped.removeAll(keepingCapacity: true)
    while end < bytes.count {
      let byte = bytes[end]
      switch byte {
      case UInt8(ascii: "\""):
        scanner.move(to: end + 1, continuations: continuations)
        return String(decoding: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"): end = try escape(at: end)
      case 0x80...:
        let length = try scalarLength(at: end)
        continuations += length - 1
        unescaped.append(contentsOf: scanner.slice(end, end + length))
        end += length
      default:
        if Self.isForbidden(byte) { throw forbidden(at: end) }
        unescaped.append(byte)
        end += 1
      }
    }
    throw scanner.error("the text is not closed; expected '\"'", at: start - 1)
  }

  /// Appends what the escape at `offset` stands for; returns the offset after it.
  private mutating func escape(at offset: Int) throws(ConfigParseError) -> Int {
    let kind: UInt8 = offset + 1 < scanner.bytes.count ? scanner.bytes[offset + 1] : 0
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): unescaped.append(kind)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let digits = kind == UInt8(ascii: "u") ? 4 : 8
      guard let value = scanner.hexadecimal(at: offset + 2, digits: digits) else {
        let name = digits == 4 ? "\\u needs four" : "\\U needs eight"
        throw scanner.error("\(name) hexadecimal digits", at: offset)
      }
      guard let scalar = Unicode.Scalar(value) else {
        throw scanner.error("\(ByteScanner.codePoint(value)) is no Unicode scalar", at: offset)
      }
      UTF8Validation.append(scalar, to: &unescaped)
      return offset + 2 + digits
    default:
      throw scanner.error(
        "an escape that TOML does not have; write \\\\ for a backslash, or use '…'", at: offset)
    }
    return offset + 2
  }

  /// `'text'` on one line.
  mutating func literalText() throws(ConfigParseError) -> String {
    let bytes = scanner.bytes
    let start = scanner.offset + 1
    var end = start
    var continuations = 0
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "'") {
        let text = String(decoding: scanner.slice(start, end), as: UTF8.self)
        scanner.move(to: end + 1, continuations: continuations)
        return text
      }
      if byte >= 0x80 {
        let length = try scalarLength(at: end)
        continuations += length - 1
        end += length
      } else {
        if Self.isForbidden(byte) { throw forbidden(at: end) }
        end += 1
      }
    }
    throw scanner.error("the text is not closed; expected \"'\"", at: start - 1)
  }

  /// `"""text"""`, over lines.
  mutating func multilineBasicText() throws(ConfigParseError) -> String {
    let start = scanner.offset
    scanner.advance(3)
    _ = try newline()
    unescaped.removeAll(keepingCapacity: true)
    while !scanner.isAtEnd {
      switch scanner.current {
      case UInt8(ascii: "\""):
        if closeMultilineText(UInt8(ascii: "\"")) {
          return String(decoding: unescaped, as: UTF8.self)
        }
      case UInt8(ascii: "\\"):
        if try skipLineEndingBackslash() { continue }
        scanner.move(to: try escape(at: scanner.offset), continuations: 0)
      default: try multilineCharacter()
      }
    }
    throw scanner.error("the text is not closed; expected '\"\"\"'", at: start)
  }

  /// `'''text'''`, over lines.
  mutating func multilineLiteralText() throws(ConfigParseError) -> String {
    let start = scanner.offset
    scanner.advance(3)
    _ = try newline()
    unescaped.removeAll(keepingCapacity: true)
    while !scanner.isAtEnd {
      if scanner.current == UInt8(ascii: "'") {
        if closeMultilineText(UInt8(ascii: "'")) {
          return String(decoding: unescaped, as: UTF8.self)
        }
      } else {
        try multilineCharacter()
      }
    }
    throw scanner.error("the text is not closed; expected \"'''\"", at: start)
  }

  /// Takes one quote as text, or closes the text: three quotes end it, and of up to five quotes the
  /// first two belong to it.
  private mutating func closeMultilineText(_ quote: UInt8) -> Bool {
    guard scanner.peek(1) == quote, scanner.peek(2) == quote else {
      unescaped.append(quote)
      scanner.advance()
      return false
    }
    var extra = 0
    while extra < 2, scanner.peek(3 + extra) == quote { extra += 1 }
    for _ in 0..<extra { unescaped.append(quote) }
    scanner.advance(3 + extra)
    return true
  }

  /// Takes a character that is neither a quote nor a backslash; line ends become line feeds.
  private mutating func multilineCharacter() throws(ConfigParseError) {
    let byte = scanner.current
    if byte >= 0x80 {
      let end = scanner.offset + (try scalarLength(at: scanner.offset))
      unescaped.append(contentsOf: scanner.slice(scanner.offset, end))
      scanner.move(to: end, continuations: end - scanner.offset - 1)
    } else if try newline() {
      unescaped.append(UInt8(ascii: "\n"))
    } else {
      if Self.isForbidden(byte) { throw forbidden(at: scanner.offset) }
      unescaped.append(byte)
      scanner.advance()
    }
  }

  /// Steps over a backslash at a line's end, and all blanks and line ends after it; false if the
  /// backslash here starts another escape.
  private mutating func skipLineEndingBackslash() throws(ConfigParseError) -> Bool {
    var distance = 1
    while scanner.peek(distance) == UInt8(ascii: " ")
      || scanner.peek(distance) == UInt8(ascii: "\t")
    {
      distance += 1
    }
    let next = scanner.peek(distance)
    guard next == UInt8(ascii: "\n") || next == UInt8(ascii: "\r") else { return false }
    scanner.advance(distance)
    while try newline() { skipBlanks() }
    return true
  }
}
