/// The name of an entry: bytes, ordered one by one as unsigned numbers.
///
/// ```swift
/// let key: StoreKey = "instances/web-1"
/// ```
public struct StoreKey: Sendable, Hashable {
  /// The bytes of the name.
  public let bytes: [UInt8]

  /// A key of these bytes. A store takes 1 to ``StoreLimits/keyBytes`` of them.
  public init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  /// A key of the text's UTF-8 bytes.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The key with the text's bytes after its own.
  public func appending(_ text: String) -> StoreKey {
    StoreKey(bytes + text.utf8)
  }

  /// The least key that is greater than this one: the same with a zero byte after it.
  public var successor: StoreKey { StoreKey(bytes + [0]) }

  /// The least key that is greater than every key that begins with these bytes; nil if there is none, which is so
  /// if all of them are 255.
  public var endOfPrefix: StoreKey? {
    guard let last = bytes.lastIndex(where: { $0 != .max }) else { return nil }
    return StoreKey(bytes[..<last] + [bytes[last] + 1])
  }

  /// Whether the key begins with the other one's bytes.
  public func hasPrefix(_ prefix: StoreKey) -> Bool {
    bytes.starts(with: prefix.bytes)
  }
}

extension StoreKey: Comparable {
  /// Whether the first comes before the second in the order of their bytes; a key comes before all that it begins.
  public static func < (left: StoreKey, right: StoreKey) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension StoreKey: ExpressibleByStringLiteral {
  /// A key of the literal's UTF-8 bytes.
  public init(stringLiteral text: String) {
    self.init(text)
  }
}

extension StoreKey: CustomStringConvertible {
  /// The text if the bytes are UTF-8 without control characters, else the bytes in hexadecimal after `0x`.
  public var description: String {
    if let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    {
      return text
    }
    let digits = Array("0123456789abcdef")
    return "0x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
