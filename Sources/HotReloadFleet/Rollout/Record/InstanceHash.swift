import WorkspaceFiles

/// Where an instance stands in the order in which a fleet takes a change: low ones first.
///
/// It is made of the instance's name alone, so an instance that restarts stands where it stood, and the canaries of
/// one rollout are those of the next. In any language: the first eight bytes, little-endian, of SipHash-2-4 with 128 bits
/// of output and the key `00 01 … 0f`, of the name's UTF-8 bytes.
///
/// In JSON it is a text of 16 hexadecimal digits: many readers of JSON cannot hold 64 bits in a number.
public struct InstanceHash: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  /// The hash.
  public let value: UInt64

  /// The last place of all.
  public static let last = InstanceHash(value: .max)

  /// A place that is known.
  public init(value: UInt64) {
    self.value = value
  }

  /// The place of the instance of this name.
  public init(of instance: String) {
    value = ContentDigest(of: Array(instance.utf8)).first
  }

  /// Reads 16 hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text)\" is not 16 hexadecimal digits")
    }
    self.value = value
  }

  /// Writes 16 hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Whether the first one takes a change before the second.
  public static func < (left: InstanceHash, right: InstanceHash) -> Bool {
    left.value < right.value
  }

  /// 16 hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A share of a duration: the same one each time for the same instance and salt, spread evenly over the instances.
  func spread(_ bound: Duration, salt: UInt64) -> Duration {
    // SplitMix64's finalizer, so that neighbouring salts give unrelated shares.
    var mixed = value ^ (salt &* 0x9E37_79B9_7F4A_7C15)
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return bound * (Double(mixed >> 11) / 0x1p53)
  }
}
