import NIOCore

/// A host and a port, as they stand in a `Host` header or in an origin, read strictly.
///
/// Names are lower-case, and addresses are in their shortest form, so that equal hosts are equal values.
struct HostName: Sendable, Hashable {
  /// More than any name in DNS has, with an address in brackets and a port.
  static let maximumLength = 270

  /// `localhost`, `127.0.0.1`, `::1`.
  var name: String
  /// Nil if the text names none.
  var port: Int?

  /// Reads `name`, `name:port`, `[address]` or `[address]:port`; nil for anything else, such as an empty name, a port that
  /// is no number, or a character that has no place in a name.
  init?(_ text: some StringProtocol) {
    guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    let rest: Substring
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      let literal = String(text[text.index(after: text.startIndex)..<end])
      // No zone: `fe80::1%eth0` means something on one machine only.
      guard !literal.contains("%"), case .v6? = try? SocketAddress(ipAddress: literal, port: 0)
      else { return nil }
      name = Self.canonicalAddress(literal) ?? literal.lowercased()
      rest = Substring(text[text.index(after: end)...])
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      let label = text[..<end].lowercased()
      guard !label.isEmpty, label.utf8.allSatisfy(Self.isNameByte) else { return nil }
      name = label
      rest = Substring(text[end...])
    }
    if rest.isEmpty { return }
    let digits = rest.dropFirst()
    guard rest.first == ":", (1...5).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(digits), number <= Int(UInt16.max)
    else { return nil }
    port = number
  }

  /// Whether it is this machine and no other: `localhost`, a name below it, or a loopback address.
  var isLoopback: Bool {
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    guard let address = try? SocketAddress(ipAddress: name, port: 0) else { return false }
    switch address {
    case .v4: return name.hasPrefix("127.")
    case .v6: return name == "::1"
    case .unixDomainSocket: return false
    }
  }

  /// An address as the system writes it; nil if it is none.
  static func canonicalAddress(_ text: String) -> String? {
    (try? SocketAddress(ipAddress: text, port: 0))?.ipAddress
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
