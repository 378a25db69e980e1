extension RedactionRules {
  /// A text with ``replacement`` in the place of the password of each URL in it: `postgres://app:(redacted)@host/db`.
  ///
  /// A password may have characters that should be percent-encoded in it. So it goes from the colon to the last `@` before a
  /// blank, unless what follows the colon is a port; when in doubt too much is taken away.
  public func withoutPasswords(_ text: String) -> String {
    // Most texts have no URL in them.
    guard !words.isEmpty, text.utf8.contains(UInt8(ascii: "@")), text.contains("://") else {
      return text
    }
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let password = Self.firstPassword(in: rest) {
      result += rest[..<password.lowerBound]
      result += Self.replacement.utf8
      rest = rest[password.upperBound...]
    }
    return result.isEmpty ? text : String(decoding: result + rest, as: UTF8.self)
  }

  /// Where the first password is.
  private static func firstPassword(in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    var start = bytes.startIndex
    while let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")) {
      start = colon + 1
      guard bytes[start...].starts(with: "//".utf8) else { continue }
      let token = bytes[(start + 2)...].prefix { !isBlank($0) }
      guard let end = token.firstIndex(where: { userEnds.contains($0) }),
        token[end] == UInt8(ascii: ":"), let at = token.lastIndex(of: UInt8(ascii: "@")),
        end < at, !isPort(token[(end + 1)...])
      else { continue }
      return end + 1..<at
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  /// What ends the name of a user, or a host in the place of one.
  private static let userEnds = Set(":/?#@[\"'".utf8)
  /// What can follow a port.
  private static let portEnds = Set("/?#\"'`<>,;)]}".utf8)

  private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
    let digits = bytes.prefix { (0x30...0x39).contains($0) }
    return !digits.isEmpty && (bytes.dropFirst(digits.count).first.map(portEnds.contains) ?? true)
  }
}
