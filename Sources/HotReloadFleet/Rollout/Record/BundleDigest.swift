/// The name of a bundle of content, which says what is in it: equal names have equal content, on every instance.
///
/// The rollout only ever compares it. That of a ``ContentBundle`` is 64 hexadecimal digits of a SHA-256, in lower case.
public struct BundleDigest: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
  /// The digest as text.
  public let rawValue: String

  /// A digest that was written as this text.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// The digest as text.
  public var description: String { rawValue }
}

/// Content that the fleet agreed to try, or to keep: a bundle under the number of its release.
///
/// The number is new with each rollout, so content that is proposed again has another one.
public struct Release: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The fleet's number for it, from 1 on; it only ever grows.
  public var number: UInt64
  /// What is in it.
  public var content: BundleDigest

  /// Creates a release.
  public init(number: UInt64, content: BundleDigest) {
    self.number = number
    self.content = content
  }

  /// For people: `release 7 (3f2a91…)`.
  public var description: String {
    let digest = content.rawValue
    return "release \(number) (\(digest.count > 12 ? digest.prefix(12) + "…" : digest[...]))"
  }
}
