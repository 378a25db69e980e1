/// Parses JSON exactly as RFC 8259 has it, with a position on every value.
///
/// Stricter than the RFC where it leaves a choice: a key may be written once only, an integer must
/// fit 64 bits, a number must be finite, and an escaped surrogate must have its partner.
struct JSONParser {
  var scanner: ByteScanner
  /// The bytes of a text with escapes; kept so that its memory is used again.
  var unescaped: [UInt8] = []

  private init(scanner: ByteScanner) {
    self.scanner = scanner
  }

  /// The document's tree, whose top is a table.
  static func parse(
    _ bytes: [UInt8], source: SourceLocation.Source
  ) throws(ConfigParseError) -> ConfigTree {
    let result: Result<ConfigTree, ConfigParseError> = bytes.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(scanner: ByteScanner(buffer, source: source))
      return Result { () throws(ConfigParseError) in try parser.document() }
    }
    return try result.get()
  }

  /// The key in quotes at the start of `text`, and how many bytes it takes there.
  static func quotedPrefix(of text: Substring) -> (key: String, length: Int)? {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBufferPointer { buffer in
      let scanner = ByteScanner(buffer, source: SourceLocation.Source(name: ""))
      var parser = JSONParser(scanner: scanner)
      guard let key = try? parser.text() else { return nil }
      return (key, parser.scanner.offset)
    }
  }

  private mutating func document() throws(ConfigParseError) -> ConfigTree {
    skipWhitespace()
    if scanner.isAtEnd {
      throw scanner.error("the document is empty; an empty JSON configuration is {}")
    }
    let start = scanner.offset
    let tree = try value(depth: 0)
    skipWhitespace()
    guard scanner.isAtEnd else {
      let found = scanner.describe(at: scanner.offset)
      throw scanner.error("expected the end of the document, found \(found)")
    }
    guard tree.table != nil else {
      let found = tree.value.kindName
      throw scanner.error("the top of a configuration must be a table, found \(found)", at: start)
    }
    return tree
  }

  @inline(__always)
  private mutating func skipWhitespace() {
    while true {
      switch scanner.current {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): scanner.advance()
      case UInt8(ascii: "\n"): scanner.advanceLine()
      default: return
      }
    }
  }

  private mutating func value(depth: Int) throws(ConfigParseError) -> ConfigTree {
    let location = scanner.location
    let value: ConfigTree.Value
    switch scanner.current {
    case UInt8(ascii: "\""): value = .string(try text())
    case UInt8(ascii: "{"): value = .table(try object(depth: depth))
    case UInt8(ascii: "["): value = .array(try array(depth: depth))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): value = try number()
    case UInt8(ascii: "t"):
      try word("true")
      value = .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      value = .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      value = .null
    default:
      throw scanner.error("expected a value, found \(scanner.describe(at: scanner.offset))")
    }
    return ConfigTree(value, location: location)
  }

  private mutating func word(_ word: StaticString) throws(ConfigParseError) {
    let start = scanner.offset
    for index in 0..<word.utf8CodeUnitCount {
      guard scanner.current == word.utf8Start[index] else {
        throw scanner.error("expected \(word)", at: start)
      }
      scanner.advance()
    }
  }

  private func checkDepth(_ depth: Int) throws(ConfigParseError) {
    guard depth < ByteScanner.maximumNesting else {
      throw scanner.error("nested more than \(ByteScanner.maximumNesting) levels deep")
    }
  }

  private mutating func object(depth: Int) throws(ConfigParseError) -> ConfigTable {
    try checkDepth(depth)
    scanner.advance()
    var table = ConfigTable()
    skipWhitespace()
    if scanner.current == UInt8(ascii: "}") {
      scanner.advance()
      return table
    }
    while true {
      let keyOffset = scanner.offset
      let keyPosition = scanner.position
      guard scanner.current == UInt8(ascii: "\"") else {
        throw scanner.error("expected a key in quotes, found \(scanner.describe(at: keyOffset))")
      }
      let key = try text()
      if let position = table.position(of: key) {
        throw duplicate(key, at: keyOffset, first: table[position])
      }
      skipWhitespace()
      guard scanner.current == UInt8(ascii: ":") else {
        let found = scanner.describe(at: scanner.offset)
        throw scanner.error("expected ':' after the key, found \(found)")
      }
      scanner.advance()
      skipWhitespace()
      do throws(ConfigParseError) {
        table.append(key, try value(depth: depth + 1), at: keyPosition)
      } catch {
        throw error.prefixed(with: .key(key))
      }
      if try endOfElement(closing: UInt8(ascii: "}")) { return table }
      skipWhitespace()
    }
  }

  private func duplicate(
    _ key: String, at offset: Int, first: ConfigTable.Entry
  ) -> ConfigDiagnostic {
    var error = scanner.error(DuplicateKey.message(key, first: first.keyPosition), at: offset)
    error.keyPath = ConfigKeyPath.written(key)
    return error
  }

  private mutating func array(depth: Int) throws(ConfigParseError) -> [ConfigTree] {
    try checkDepth(depth)
    scanner.advance()
    var elements: [ConfigTree] = []
    skipWhitespace()
    if scanner.current == UInt8(ascii: "]") {
      scanner.advance()
      return elements
    }
    while true {
      do throws(ConfigParseError) {
        elements.append(try value(depth: depth + 1))
      } catch {
        throw error.prefixed(with: .index(elements.count))
      }
      if try endOfElement(closing: UInt8(ascii: "]")) { return elements }
      skipWhitespace()
    }
  }

  /// Steps over the comma or the closing bracket after an element; true for the bracket.
  private mutating func endOfElement(closing: UInt8) throws(ConfigParseError) -> Bool {
    skipWhitespace()
    let byte = scanner.current
    guard byte == closing || byte == UInt8(ascii: ",") else {
      let found = scanner.describe(at: scanner.offset)
      let bracket = Character(Unicode.Scalar(closing))
      throw scanner.error("expected ',' or '\(bracket)', found \(found)")
    }
    scanner.advance()
    return byte == closing
  }
}

extension ConfigDiagnostic {
  /// The same error, seen from one level further up.
  func prefixed(with component: ConfigKeyPath.Component) -> ConfigDiagnostic {
    var error = self
    error.keyPath = ConfigKeyPath.prefix(component, to: keyPath)
    return error
  }
}

/// What all three formats say about a key that is written twice.
enum DuplicateKey {
  static func message(_ key: String, first: Position) -> String {
    let name = JSONWriter.quoted(key)
    return "the key \(name) is already there, at line \(first.line), column \(first.column)"
  }
}
