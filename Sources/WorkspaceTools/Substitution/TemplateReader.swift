/// Takes a text with `${…}` apart.
struct TemplateReader {
  /// A piece of the text.
  enum Piece: Equatable {
    /// As it is.
    case text(String)
    /// `${NAME}`, or `${NAME:-` if a default follows.
    case variable(name: String, hasDefault: Bool)
    /// `${file:PATH}`.
    case file(path: String)
    /// The brace that ends a default.
    case end
  }

  private let bytes: [UInt8]
  private var offset = 0

  init(_ text: String) {
    self.bytes = Array(text.utf8)
  }

  private func startsWith(_ text: StaticString, at place: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard place + count <= bytes.count else { return false }
    for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
    return true
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// The next piece; nil at the end.
  mutating func next(isInDefault: Bool) throws(InterpolationError) -> Piece? {
    let start = offset
    while offset < bytes.count {
      if isInDefault, bytes[offset] == UInt8(ascii: "}") {
        if offset > start { return .text(text(start..<offset)) }
        offset += 1
        return .end
      }
      if startsWith("$${", at: offset) {
        if offset > start { return .text(text(start..<offset)) }
        offset += 3
        return .text("${")
      }
      if startsWith("${", at: offset) {
        if offset > start { return .text(text(start..<offset)) }
        return try reference()
      }
      offset += 1
    }
    return offset > start ? .text(text(start..<offset)) : nil
  }

  /// What starts with the `${` here.
  private mutating func reference() throws(InterpolationError) -> Piece {
    offset += 2
    if startsWith("file:", at: offset) {
      let start = offset + 5
      guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "}")) else {
        throw InterpolationError("\"${file:\" without its \"}\"")
      }
      offset = end + 1
      return .file(path: text(start..<end))
    }
    let start = offset
    while offset < bytes.count, Self.isName(bytes[offset], isFirst: offset == start) { offset += 1 }
    let name = text(start..<offset)
    guard !name.isEmpty else {
      throw InterpolationError(
        "\"${\" needs a variable's name; write \"$${\" for the characters themselves")
    }
    if startsWith("}", at: offset) {
      offset += 1
      return .variable(name: name, hasDefault: false)
    }
    guard startsWith(":-", at: offset) else {
      throw InterpolationError("expected \"}\" or \":-\" after \"${\(name)\"")
    }
    offset += 2
    return .variable(name: name, hasDefault: true)
  }

  /// Steps over a default and its brace.
  mutating func skipDefault() throws(InterpolationError) {
    var open = 1
    while offset < bytes.count {
      if startsWith("$${", at: offset) {
        offset += 3
      } else if startsWith("${", at: offset) {
        open += 1
        offset += 2
      } else {
        if bytes[offset] == UInt8(ascii: "}") { open -= 1 }
        offset += 1
        if open == 0 { return }
      }
    }
    throw InterpolationError("\"${\" without its \"}\"")
  }

  private static func isName(_ byte: UInt8, isFirst: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"):
      true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !isFirst
    default: false
    }
  }
}
