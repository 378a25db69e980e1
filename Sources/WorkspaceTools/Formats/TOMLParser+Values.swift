extension TOMLParser {
  /// A key, and the blanks around its parts. `depth` is how deep the table is that it is in.
  mutating func key(depth: Int) throws(ConfigParseError) -> TOMLKey {
    var key = TOMLKey(first: try keyPart())
    try checkDepth(depth + 1)
    skipBlanks()
    while scanner.current == UInt8(ascii: ".") {
      scanner.advance()
      skipBlanks()
      key.rest.append(try keyPart())
      try checkDepth(depth + key.count)
      skipBlanks()
    }
    return key
  }

  private mutating func keyPart() throws(ConfigParseError) -> TOMLKeyPart {
    let position = scanner.position
    let offset = scanner.offset
    let name: String
    switch scanner.current {
    case UInt8(ascii: "\""): name = try basicText()
    case UInt8(ascii: "'"): name = try literalText()
    default:
      while Self.isBare(scanner.current) { scanner.advance() }
      guard scanner.offset > offset else {
        throw scanner.error("expected a key, found \(scanner.describe(at: offset))")
      }
      name = String(decoding: scanner.slice(offset, scanner.offset), as: UTF8.self)
    }
    return TOMLKeyPart(name: name, position: position, offset: offset)
  }

  /// True for the characters of keys without quotes.
  static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// The value here; `depth` is how many tables and arrays it is in.
  mutating func value(depth: Int) throws(ConfigParseError) -> ConfigTree {
    let location = scanner.location
    let value: ConfigTree.Value
    switch scanner.current {
    case UInt8(ascii: "\""):
      value = .string(try isTripled(UInt8(ascii: "\"")) ? multilineBasicText() : basicText())
    case UInt8(ascii: "'"):
      value = .string(try isTripled(UInt8(ascii: "'")) ? multilineLiteralText() : literalText())
    case UInt8(ascii: "["): value = .array(try array(depth: depth))
    case UInt8(ascii: "{"): value = .table(try inlineTable(depth: depth))
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      if let date = try date() { value = .date(date) } else { value = try number() }
    case UInt8(ascii: "+"), UInt8(ascii: "-"): value = try number()
    case UInt8(ascii: "i"), UInt8(ascii: "n"):
      guard let number = special(isNegative: false) else { throw wordError() }
      try checkEndOfWord("number")
      value = .float(number)
    case UInt8(ascii: "t"):
      guard skip("true") else { throw wordError() }
      value = .bool(true)
    case UInt8(ascii: "f"):
      guard skip("false") else { throw wordError() }
      value = .bool(false)
    default: throw wordError()
    }
    return ConfigTree(value, location: location)
  }

  private func wordError() -> ConfigDiagnostic {
    let found = scanner.describe(at: scanner.offset)
    let isWord = Self.isBare(scanner.current)
    return scanner.error(
      "expected a value, found \(found)" + (isWord ? "; a text needs quotes" : ""))
  }

  /// Steps over `word` if it is here.
  private mutating func skip(_ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount where scanner.peek(index) != word.utf8Start[index] {
      return false
    }
    scanner.advance(word.utf8CodeUnitCount)
    return true
  }

  private func isTripled(_ quote: UInt8) -> Bool {
    scanner.peek(1) == quote && scanner.peek(2) == quote
  }

  // Arrays may go over lines and have comments and a comma at their end.
  private mutating func array(depth: Int) throws(ConfigParseError) -> [ConfigTree] {
    try checkDepth(depth + 1)
    let start = scanner.offset
    scanner.advance()
    var elements: [ConfigTree] = []
    try skipLines()
    while scanner.current != UInt8(ascii: "]") {
      do throws(ConfigParseError) {
        elements.append(try value(depth: depth + 1))
      } catch {
        throw error.prefixed(with: .index(elements.count))
      }
      try skipLines()
      if scanner.current == UInt8(ascii: ",") {
        scanner.advance()
        try skipLines()
      } else if scanner.current != UInt8(ascii: "]") {
        if scanner.isAtEnd {
          throw scanner.error("the array is not closed; expected ']'", at: start)
        }
        throw scanner.error("expected ',' or ']', found \(scanner.describe(at: scanner.offset))")
      }
    }
    scanner.advance()
    return elements
  }

  /// Steps over blanks, comments and line ends inside an array.
  private mutating func skipLines() throws(ConfigParseError) {
    while true {
      skipBlanks()
      if scanner.current == UInt8(ascii: "#") { try comment() }
      if !(try newline()) { return }
    }
  }

  // Inline tables stay on one line and have no comma at their end.
  private mutating func inlineTable(depth: Int) throws(ConfigParseError) -> ConfigTable {
    try checkDepth(depth + 1)
    let table = TOMLTable(.dotted, location: scanner.location)
    scanner.advance()
    skipBlanks()
    if scanner.current == UInt8(ascii: "}") {
      scanner.advance()
      return ConfigTable()
    }
    while true {
      try keyAndValue(into: table, depth: depth + 1)
      skipBlanks()
      let byte = scanner.current
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else {
        throw scanner.error("expected ',' or '}', found \(scanner.describe(at: scanner.offset))")
      }
      scanner.advance()
      if byte == UInt8(ascii: "}") { break }
      skipBlanks()
    }
    return table.finished().table ?? ConfigTable()
  }

  /// The date or time here; nil if this is a number.
  private mutating func date() throws(ConfigParseError) -> ConfigDate? {
    let isTime = scanner.peek(2) == UInt8(ascii: ":")
    guard isTime || scanner.peek(4) == UInt8(ascii: "-") else { return nil }
    let digitCount = isTime ? 2 : 4
    for index in 0..<digitCount where scanner.peek(index) &- 48 >= 10 { return nil }
    let rest = scanner.slice(scanner.offset, scanner.bytes.count)
    guard let (date, length) = ConfigDate.parse(rest) else {
      throw scanner.error("this is neither a date nor a time that exists")
    }
    scanner.advance(length)
    try checkEndOfWord("date")
    return date
  }

  private func checkEndOfWord(_ kind: String) throws(ConfigParseError) {
    let next = scanner.current
    guard !Self.isBare(next), next != UInt8(ascii: "."), next != UInt8(ascii: "+"),
      next != UInt8(ascii: ":")
    else {
      throw scanner.error("unexpected \(scanner.describe(at: scanner.offset)) in a \(kind)")
    }
  }

  private mutating func number() throws(ConfigParseError) -> ConfigTree.Value {
    let start = scanner.offset
    if let value = try prefixedInteger() { return .integer(value) }
    let isNegative = scanner.current == UInt8(ascii: "-")
    if isNegative || scanner.current == UInt8(ascii: "+") { scanner.advance() }
    if let value = special(isNegative: isNegative) {
      try checkEndOfWord("number")
      return .float(value)
    }
    if scanner.current == UInt8(ascii: "0") {
      scanner.advance()
    } else {
      try digits(radix: 10)
    }
    var isFloat = false
    if scanner.current == UInt8(ascii: ".") {
      isFloat = true
      scanner.advance()
      try digits(radix: 10)
    }
    if scanner.current | 0x20 == UInt8(ascii: "e") {
      isFloat = true
      scanner.advance()
      if scanner.current == UInt8(ascii: "+") || scanner.current == UInt8(ascii: "-") {
        scanner.advance()
      }
      try digits(radix: 10)
    }
    let bytes = scanner.slice(start, scanner.offset)
    try checkEndOfWord("number")
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

  private mutating func special(isNegative: Bool) -> Double? {
    if skip("inf") { return isNegative ? -.infinity : .infinity }
    if skip("nan") { return .nan }
    return nil
  }

  /// `0x…`, `0o…` or `0b…`; nil if there is none of them.
  private mutating func prefixedInteger() throws(ConfigParseError) -> Int64? {
    guard scanner.current == UInt8(ascii: "0") else { return nil }
    let radix: UInt8
    switch scanner.peek(1) {
    case UInt8(ascii: "x"): radix = 16
    case UInt8(ascii: "o"): radix = 8
    case UInt8(ascii: "b"): radix = 2
    default: return nil
    }
    let start = scanner.offset
    scanner.advance(2)
    try digits(radix: radix)
    let bytes = scanner.slice(start + 2, scanner.offset)
    try checkEndOfWord("number")
    guard let value = NumberText.integer(bytes, radix: Int64(radix)) else {
      throw scanner.error("the integer does not fit into 64 bits", at: start)
    }
    return value
  }

  /// Steps over digits with single underscores between them.
  private mutating func digits(radix: UInt8) throws(ConfigParseError) {
    while true {
      guard Self.isDigit(scanner.current, radix: radix) else {
        throw scanner.error("expected a digit, found \(scanner.describe(at: scanner.offset))")
      }
      while Self.isDigit(scanner.current, radix: radix) { scanner.advance() }
      guard scanner.current == UInt8(ascii: "_") else { return }
      scanner.advance()
    }
  }

  private static func isDigit(_ byte: UInt8, radix: UInt8) -> Bool {
    if byte &- 48 < 10 { return byte &- 48 < radix }
    return radix == 16 && (byte & 0xDF) &- 65 < 6
  }
}
