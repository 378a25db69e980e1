internal import HotReloadContent

/// The fields of a query or of a form, as `application/x-www-form-urlencoded` has them
/// (https://url.spec.whatwg.org/#urlencoded-parsing).
enum FormFields {
  /// What a form says that it is.
  static let contentType = "application/x-www-form-urlencoded"
  /// The most fields that are taken; what is beyond is left out.
  static let maximumFields = 1_000

  /// The pairs in their order. What is not UTF-8 becomes U+FFFD.
  static func parse(_ text: some StringProtocol) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for part in text.split(separator: "&").prefix(maximumFields) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = sides.first else { continue }
      pairs.append((decode(name), sides.count > 1 ? decode(sides[1]) : ""))
    }
    return pairs
  }

  private static func decode(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"), rest.count >= 2,
        let high = PercentEncoding.hexadecimal(rest[rest.startIndex]),
        let low = PercentEncoding.hexadecimal(rest[rest.startIndex + 1])
      {
        bytes.append(high << 4 | low)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
