/// Finds the URLs in a stylesheet, by the rules of CSS Syntax Level 3 for comments, strings, names, escapes and `url()`.
///
/// They are the arguments of `url()` and `src()`, strings after `@import` and in `image-set()`, and the source map that a comment names.
/// What `@namespace` names is a name and nothing to load. Any input is read to its end, in a time that grows with its length;
/// what is broken is skipped as a browser skips it.
struct CSSReferences {
  private let bytes: [UInt8]
  private var position = 0
  private var found: [AssetReference] = []
  /// For each open parenthesis whether strings directly in it are URLs.
  private var parentheses: [Bool] = []
  /// A string that comes next is a URL.
  private var isAfterImport = false
  /// Until the next semicolon.
  private var isNamespace = false

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The references of a stylesheet, in the order in which they stand there.
  static func find(in bytes: [UInt8]) -> [AssetReference] {
    var scanner = CSSReferences(bytes)
    scanner.run()
    return scanner.found
  }

  private mutating func run() {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): comment()
      case UInt8(ascii: "\""), UInt8(ascii: "'"): string()
      case UInt8(ascii: "@"): atKeyword()
      case UInt8(ascii: "#"):
        position += 1
        _ = name()
        isAfterImport = false
      case _ where startsName(byte): nameOrFunction()
      case UInt8(ascii: "("): open(false)
      case UInt8(ascii: ")"):
        _ = parentheses.popLast()
        position += 1
      case _ where Self.isSpace(byte): position += 1
      default:
        if byte == UInt8(ascii: ";") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
          isNamespace = false
          // What is not closed ends with its declaration, for this purpose.
          parentheses.removeAll(keepingCapacity: true)
        }
        isAfterImport = false
        position += 1
      }
    }
  }

  private func peek(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private mutating func open(_ stringsAreURLs: Bool) {
    parentheses.append(stringsAreURLs)
    isAfterImport = false
    position += 1
  }

  private mutating func comment() {
    let start = position + 2
    position = start
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") { break }
      position += 1
    }
    if let reference = SourceMapComment.reference(in: bytes, start..<position) {
      found.append(reference)
    }
    position = min(position + 2, bytes.count)
  }

  private mutating func string() {
    let isURL = !isNamespace && (isAfterImport || parentheses.last == true)
    isAfterImport = false
    guard let reference = stringText() else {
      // What follows a broken string is anybody's guess.
      parentheses.removeAll(keepingCapacity: true)
      return
    }
    if isURL { found.append(reference) }
  }

  /// Reads a string from its opening quote on; nil if it ends with its line, or is not UTF-8.
  private mutating func stringText() -> AssetReference? {
    let quote = bytes[position]
    position += 1
    var text = AssetReferenceText(at: position)
    while let byte = peek() {
      switch byte {
      case quote:
        defer { position += 1 }
        return text.finished(at: position)
      case UInt8(ascii: "\\"): escape(into: &text, inString: true)
      case _ where Self.isNewline(byte): return nil
      default:
        text.append(CollectionOfOne(byte), writtenAt: position..<position + 1)
        position += 1
      }
    }
    return text.finished(at: position)
  }

  private mutating func atKeyword() {
    position += 1
    let keyword = name()
    isAfterImport = keyword == "import"
    if keyword == "namespace" { isNamespace = true }
  }

  private mutating func nameOrFunction() {
    isAfterImport = false
    let name = name()
    guard peek() == UInt8(ascii: "(") else { return }
    switch name {
    case "url": url()
    // They take strings, and strings only.
    case "src", "image-set", "-webkit-image-set": open(!isNamespace)
    default: open(false)
    }
  }

  /// Reads `url(` from its parenthesis on.
  private mutating func url() {
    let opening = position
    position += 1
    skipSpace()
    if let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      // A function like others, with a string in it.
      position = opening
      open(!isNamespace)
      return
    }
    var text = AssetReferenceText(at: position)
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: ")"):
        finishURL(text, at: position)
        return
      case _ where Self.isSpace(byte):
        let end = position
        skipSpace()
        guard peek() == nil || peek() == UInt8(ascii: ")") else { return skipBadURL() }
        finishURL(text, at: end)
        return
      case UInt8(ascii: "\\"):
        guard let next = peek(1), !Self.isNewline(next) else { return skipBadURL() }
        escape(into: &text, inString: false)
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "("), 0...0x08, 0x0B, 0x0E...0x1F,
        0x7F:
        return skipBadURL()
      default:
        text.append(CollectionOfOne(byte), writtenAt: position..<position + 1)
        position += 1
      }
    }
    finishURL(text, at: position)
  }

  private mutating func finishURL(_ text: AssetReferenceText, at end: Int) {
    position = min(position + 1, bytes.count)
    if !isNamespace, let reference = text.finished(at: end) { found.append(reference) }
  }

  private mutating func skipBadURL() {
    while let byte = peek() {
      position += byte == UInt8(ascii: "\\") && peek(1) != nil ? 2 : 1
      if byte == UInt8(ascii: ")") { return }
    }
  }

  private mutating func skipSpace() {
    while let byte = peek(), Self.isSpace(byte) { position += 1 }
  }

  /// Reads a backslash and what it stands for.
  private mutating func escape(into text: inout AssetReferenceText, inString: Bool) {
    let start = position
    if inString, let next = peek(1), Self.isNewline(next) {
      // The string goes on in the next line.
      position += next == 0x0D && peek(2) == 0x0A ? 3 : 2
      return
    }
    let character = escaped()
    text.append(character, writtenAt: start..<position)
  }

  /// Reads a backslash and what follows; the bytes of the character that it stands for.
  private mutating func escaped() -> [UInt8] {
    position += 1
    guard let first = peek() else { return [] }
    guard PercentEncoding.hexadecimal(first) != nil else {
      position += 1
      return [first]
    }
    var value: UInt32 = 0
    var digits = 0
    while digits < 6, let digit = peek().flatMap(PercentEncoding.hexadecimal) {
      value = value << 4 | UInt32(digit)
      digits += 1
      position += 1
    }
    if let space = peek(), Self.isSpace(space) {
      position += space == 0x0D && peek(1) == 0x0A ? 2 : 1
    }
    let scalar = value == 0 ? nil : Unicode.Scalar(value)
    return Array(String(scalar ?? "\u{FFFD}").utf8)
  }

  /// Reads a name, with escapes resolved, in lower case.
  private mutating func name() -> String {
    var name: [UInt8] = []
    while let byte = peek() {
      if byte == UInt8(ascii: "\\"), let next = peek(1), !Self.isNewline(next) {
        name += escaped()
      } else if Self.isNameByte(byte) {
        name.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        position += 1
      } else {
        break
      }
    }
    return String(decoding: name, as: UTF8.self).lowercased()
  }

  private func startsName(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\\") { return peek(1).map { !Self.isNewline($0) } ?? false }
    return Self.isNameByte(byte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }

  private static func isNewline(_ byte: UInt8) -> Bool {
    byte == 0x0A || byte == 0x0D || byte == 0x0C
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    isNewline(byte) || byte == 0x20 || byte == 0x09
  }
}
