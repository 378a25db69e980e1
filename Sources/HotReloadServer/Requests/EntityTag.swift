/// What tells one version of an answer's body from another (RFC 9110, section 8.8.3). Always a strong one: equal tags, equal bytes.
public struct EntityTag: Sendable, Hashable, CustomStringConvertible {
  /// What stands between the quotes.
  public let text: String

  /// Creates a tag.
  /// - Parameter text: letters, digits, `-` and `.`; anything else is left out.
  public init(_ text: String) {
    self.text = text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
  }

  /// The value of `ETag`: with its quotes.
  public var description: String { "\"\(text)\"" }

  /// Whether `If-None-Match` names this tag, so that the answer is 304. A weak one of the same text counts, as it should.
  /// - Parameter header: its value; nil if there is none.
  public func isNamed(byIfNoneMatch header: String?) -> Bool {
    guard let header else { return false }
    return header.split(separator: ",").contains { item in
      let item = item.trimmingSpaces()
      return item == "*" || item == description || item == "W/\(description)"
    }
  }

  /// Whether a range may be answered with a part: `If-Range` is missing or names this tag. A date never does.
  public func admitsRange(ifRange header: String?) -> Bool {
    header.map { $0[...].trimmingSpaces() == description } ?? true
  }
}
