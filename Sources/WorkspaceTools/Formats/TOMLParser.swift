/// Parses TOML 1.0 with a position on every value.
///
/// Integers must fit 64 bits and finite-looking floats must be finite; times are kept to the
/// nanosecond, and years are 0001 to 9999.
struct TOMLParser {
  var scanner: ByteScanner
  /// The bytes of a text with escapes; kept so that its memory is used again.
  var unescaped: [UInt8] = []
  private let root: TOMLTable
  /// The table that keys without a header of their own go into.
  private var section: TOMLTable
  private var sectionKey: TOMLKey?

  private init(scanner: ByteScanner) {
    self.scanner = scanner
    self.root = TOMLTable(.header, location: scanner.location)
    self.section = root
  }

  /// The document's tree.
  static func parse(
    _ bytes: [UInt8], source: SourceLocation.Source
  ) throws(ConfigParseError) -> ConfigTree {
    let result: Result<ConfigTree, ConfigParseError> = bytes.withUnsafeBufferPointer { buffer in
      var parser = TOMLParser(scanner: ByteScanner(buffer, source: source))
      return Result { () throws(ConfigParseError) in
        try parser.document()
        return parser.root.finished()
      }
    }
    return try result.get()
  }

  private mutating func document() throws(ConfigParseError) {
    while true {
      skipBlanks()
      switch scanner.current {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): break
      case UInt8(ascii: "["): try header()
      default:
        if scanner.isAtEnd { return }
        try keyAndValue()
      }
      try endOfLine()
    }
  }

  /// Steps over spaces and tabs.
  @inline(__always)
  mutating func skipBlanks() {
    while scanner.current == UInt8(ascii: " ") || scanner.current == UInt8(ascii: "\t") {
      scanner.advance()
    }
  }

  /// Steps over a comment and the line's end, or to the document's end.
  private mutating func endOfLine() throws(ConfigParseError) {
    skipBlanks()
    if scanner.current == UInt8(ascii: "#") { try comment() }
    guard try newline() || scanner.isAtEnd else {
      let found = scanner.describe(at: scanner.offset)
      throw scanner.error("expected the end of the line, found \(found)")
    }
  }

  /// Steps over a line feed, or a carriage return and a line feed; false if there is none.
  @inline(__always)
  mutating func newline() throws(ConfigParseError) -> Bool {
    if scanner.current == UInt8(ascii: "\r") {
      guard scanner.peek(1) == UInt8(ascii: "\n") else {
        throw scanner.error("a carriage return without a line feed")
      }
      scanner.advance()
    }
    guard scanner.current == UInt8(ascii: "\n") else { return false }
    scanner.advanceLine()
    return true
  }

  /// Steps over `#` and what follows it on the line.
  mutating func comment() throws(ConfigParseError) {
    let bytes = scanner.bytes
    var end = scanner.offset + 1
    var continuations = 0
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
      if byte < 0x80 {
        guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else {
          throw scanner.error("\(scanner.describe(at: end)) inside a comment", at: end)
        }
        end += 1
      } else {
        let length = UTF8Validation.scalarLength(bytes, at: end)
        guard length > 0 else { throw scanner.error("a byte that is not UTF-8", at: end) }
        continuations += length - 1
        end += length
      }
    }
    scanner.move(to: end, continuations: continuations)
  }

  func checkDepth(_ depth: Int) throws(ConfigParseError) {
    guard depth <= ByteScanner.maximumNesting else {
      throw scanner.error("nested more than \(ByteScanner.maximumNesting) levels deep")
    }
  }

  private mutating func keyAndValue() throws(ConfigParseError) {
    let depth = sectionKey?.count ?? 0
    do throws(ConfigParseError) {
      try keyAndValue(into: section, depth: depth)
    } catch {
      guard let sectionKey else { throw error }
      throw error.prefixed(with: sectionKey)
    }
  }

  /// `a.b = value`, into a table that is `depth` levels deep.
  mutating func keyAndValue(into table: TOMLTable, depth: Int) throws(ConfigParseError) {
    let key = try self.key(depth: depth)
    guard scanner.current == UInt8(ascii: "=") else {
      let found = scanner.describe(at: scanner.offset)
      throw scanner.error("expected '=' after the key, found \(found)")
    }
    scanner.advance()
    skipBlanks()
    let parent = key.rest.isEmpty ? table : try parent(of: key, in: table)
    let last = key.last
    if let position = parent.table.position(of: last.name) {
      throw duplicate(last, key: key, first: parent.table[position].keyPosition)
    }
    do throws(ConfigParseError) {
      parent.append(last, try value(depth: depth + key.count))
    } catch {
      throw error.prefixed(with: key)
    }
  }

  /// The table that a dotted key's last part belongs to; missing ones are made.
  private func parent(of key: TOMLKey, in table: TOMLTable) throws(ConfigParseError) -> TOMLTable {
    var table = table
    for part in key.parents {
      guard let position = table.table.position(of: part.name) else {
        let next = TOMLTable(.dotted, location: scanner.location(at: part.position))
        table.append(part, .table(next))
        table = next
        continue
      }
      guard case .table(let next) = table.children[position], next.kind != .header else {
        throw duplicate(part, key: key, first: table.table[position].keyPosition)
      }
      next.kind = .dotted
      table = next
    }
    return table
  }

  func duplicate(_ part: TOMLKeyPart, key: TOMLKey, first: Position) -> ConfigDiagnostic {
    var error = scanner.error(DuplicateKey.message(part.name, first: first), at: part.offset)
    error.keyPath = ConfigKeyPath(key.components).description
    return error
  }

  // `[a.b]` or `[[a.b]]`
  private mutating func header() throws(ConfigParseError) {
    scanner.advance()
    let isArray = scanner.current == UInt8(ascii: "[")
    if isArray { scanner.advance() }
    skipBlanks()
    let key = try self.key(depth: 0)
    for _ in 0..<(isArray ? 2 : 1) {
      guard scanner.current == UInt8(ascii: "]") else {
        let found = scanner.describe(at: scanner.offset)
        throw scanner.error("expected '\(isArray ? "]]" : "]")' after the header, found \(found)")
      }
      scanner.advance()
    }
    var table = root
    for part in key.parents { table = try open(part, of: key, in: table) }
    section = isArray ? try appendElement(key, to: table) : try openLast(key, in: table)
    sectionKey = key
  }

  /// One step of the way to a header.
  private func open(
    _ part: TOMLKeyPart, of key: TOMLKey, in table: TOMLTable
  ) throws(ConfigParseError) -> TOMLTable {
    guard let position = table.table.position(of: part.name) else {
      let next = TOMLTable(.implicit, location: scanner.location(at: part.position))
      table.append(part, .table(next))
      return next
    }
    switch table.children[position] {
    case .table(let next): return next
    case .array(let array): return array.last
    case nil: throw duplicate(part, key: key, first: table.table[position].keyPosition)
    }
  }

  private func openLast(
    _ key: TOMLKey, in table: TOMLTable
  ) throws(ConfigParseError) -> TOMLTable {
    let part = key.last
    guard let position = table.table.position(of: part.name) else {
      let next = TOMLTable(.header, location: scanner.location(at: part.position))
      table.append(part, .table(next))
      return next
    }
    guard case .table(let next) = table.children[position], next.kind == .implicit else {
      throw duplicate(part, key: key, first: table.table[position].keyPosition)
    }
    next.kind = .header
    return next
  }

  private func appendElement(
    _ key: TOMLKey, to table: TOMLTable
  ) throws(ConfigParseError) -> TOMLTable {
    let part = key.last
    let element = TOMLTable(.header, location: scanner.location(at: part.position))
    guard let position = table.table.position(of: part.name) else {
      table.append(part, .array(TOMLTableArray(first: element)))
      return element
    }
    guard case .array(let array) = table.children[position] else {
      throw duplicate(part, key: key, first: table.table[position].keyPosition)
    }
    array.append(element)
    return element
  }
}

extension ConfigDiagnostic {
  /// The same error, seen from the table that `key` is written in.
  func prefixed(with key: TOMLKey) -> ConfigDiagnostic {
    var error = self
    for component in key.components.reversed() { error = error.prefixed(with: component) }
    return error
  }
}
