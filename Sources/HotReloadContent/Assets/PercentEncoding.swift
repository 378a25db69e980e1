/// Percent-encoding of the components of a URL's path (RFC 3986, section 2.1).
package enum PercentEncoding {
  /// The bytes of a component, each decoded once; nil if that is not valid, not UTF-8, or hides a slash or a NUL.
  package static func decode(_ component: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = component.utf8.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.next().flatMap(hexadecimal), let low = rest.next().flatMap(hexadecimal)
      else { return nil }
      let decoded = high << 4 | low
      guard decoded != 0, decoded != UInt8(ascii: "/") else { return nil }
      bytes.append(decoded)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// A component that can stand in a URL, in HTML, and in CSS with or without quotes.
  package static func encode(_ component: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    for byte in component.utf8 {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The URL path of a file: `/static/my%20app.css` for `static/my app.css`.
  package static func urlPath(_ path: String) -> String {
    "/" + path.split(separator: "/").map { encode($0) }.joined(separator: "/")
  }

  /// What a hexadecimal digit stands for; nil for anything else.
  package static func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Letters, digits, and what means nothing in a path, in HTML and in CSS.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~!$*+,;=@".utf8.contains(byte)
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}
