import Foundation

/// A key that a webhook's sender and receiver share. It shows nothing of itself.
public struct WebhookSecret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]

  /// A key of these bytes; 24 to 64 random ones are a good key.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// A key as it is passed around: `whsec_` and base64, or any other text, whose UTF-8 is the key then.
  public init(_ text: String) {
    let prefix = "whsec_"
    let encoded = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    bytes = encoded.flatMap { Data(base64Encoded: $0) }.map(Array.init) ?? Array(text.utf8)
  }

  /// Nothing of the key.
  public var description: String { "(redacted)" }
  /// Nothing of the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
