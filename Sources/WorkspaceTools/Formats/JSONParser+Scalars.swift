extension JSONParser {
  mutating func number() throws(ConfigParseError) -> ConfigTree.Value {
    let start = scanner.offset
    if scanner.current == UInt8(ascii: "-") { scanner.advance() }
    if scanner.current == UInt8(ascii: "0") {
      scanner.advance()
      if scanner.current &- 48 < 10 {
        throw scanner.error("a number must not start with 0 and another digit", at: start)
      }
    } else {
      try digits()
    }
    var isFloat = false
    if scanner.current == UInt8(ascii: ".") {
      isFloat = true
      scanner.advance()
      try digits()
    }
    if scanner.current | 0x20 == UInt8(ascii: "e") {
      isFloat = true
      scanner.advance()
      if scanner.current == UInt8(ascii: "+") || scanner.current == UInt8(ascii: "-") {
        scanner.advance()
      }
      try digits()
    }
    let bytes = scanner.slice(start, scanner.offset)
    if isFloat {
      let value = NumberText.float(bytes)
      guard value.isFinite else { throw scanner.error("the number is too large", at: start) }
      return .float(value)
    }
    guard let value = NumberText.integer(bytes) else {
      throw scanner.error("the integer does not fit into 64 bits", at: start)
    }
    return .integer(value)
  }

  private mutating func digits() throws(ConfigParseError) {
    guard scanner.current &- 48 < 10 else {
      throw scanner.error("expected a digit, found \(scanner.describe(at: scanner.offset))")
    }
    while scanner.current &- 48 < 10 { scanner.advance() }
  }

  /// The text in quotes here.
  mutating func text() throws(ConfigParseError) -> String {
    guard scanner.current == UInt8(ascii: "\"") else {
      throw scanner.error("expected '\"'")
    }
    scanner.advance()
    let bytes = scanner.bytes
    let start = scanner.offset
    var end = start
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") {
        let text = String(decoding: scanner.slice(start, end), as: UTF8.self)
        scanner.move(to: end + 1, continuations: 0)
        return text
      }
      if byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { break }
      end += 1
    }
    return try longText(start: start, from: end)
  }

  /// The rest of a text in which `end` is the first byte that is not plain ASCII.
  private mutating func longText(
    start: Int, from first: Int
  ) throws(ConfigParseError) -> String {
    let bytes = scanner.bytes
    var end = first
    var runStart = start
    var continuations = 0
    unescaped.removeAll(keepingCapacity: true)
    while end < bytes.count {
      let byte = bytes[end]
      switch byte {
      case UInt8(ascii: "\""):
        unescaped.append(contentsOf: scanner.slice(runStart, end))
        scanner.move(to: end + 1, continuations: continuations)
        return String(decoding: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"):
        unescaped.append(contentsOf: scanner.slice(runStart, end))
        end = try escape(at: end)
        runStart = end
      case 0..<0x20:
        throw scanner.error(
          "\(scanner.describe(at: end)) inside a text; write it as an escape", at: end)
      case 0x80...:
        let length = UTF8Validation.scalarLength(bytes, at: end)
        guard length > 0 else { throw scanner.error("a byte that is not UTF-8", at: end) }
        continuations += length - 1
        end += length
      default: end += 1
      }
    }
    throw scanner.error("the text is not closed; expected '\"'", at: start - 1)
  }

  /// Appends what the escape at `offset` stands for; returns the offset after it.
  private mutating func escape(at offset: Int) throws(ConfigParseError) -> Int {
    let bytes = scanner.bytes
    let kind: UInt8 = offset + 1 < bytes.count ? bytes[offset + 1] : 0
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(kind)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"): return try unicodeEscape(at: offset)
    default: throw scanner.error("an escape that JSON does not have", at: offset)
    }
    return offset + 2
  }

  private mutating func unicodeEscape(at offset: Int) throws(ConfigParseError) -> Int {
    guard let first = scanner.hexadecimal(at: offset + 2, digits: 4) else {
      throw scanner.error("\\u needs four hexadecimal digits", at: offset)
    }
    if let scalar = Unicode.Scalar(first) {
      UTF8Validation.append(scalar, to: &unescaped)
      return offset + 6
    }
    let next = offset + 6
    guard first < 0xDC00, next + 1 < scanner.bytes.count,
      scanner.bytes[next] == UInt8(ascii: "\\"), scanner.bytes[next + 1] == UInt8(ascii: "u"),
      let second = scanner.hexadecimal(at: next + 2, digits: 4), (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    else { throw scanner.error("half of a surrogate pair", at: offset) }
    UTF8Validation.append(scalar, to: &unescaped)
    return offset + 12
  }
}
