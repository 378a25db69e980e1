/// The keys from one, itself included, up to another one, itself not included.
public struct StoreRange: Sendable, Hashable {
  /// The first key that may belong to it. An empty one stands before all keys.
  public let start: StoreKey
  /// The first key that does not belong to it any more; nil if it goes on for ever.
  public let end: StoreKey?

  /// The keys from `start` up to `end`; none if `end` does not come after `start`.
  public init(from start: StoreKey, to end: StoreKey?) {
    self.start = start
    self.end = end
  }

  /// All keys.
  public static let all = StoreRange(from: StoreKey([]), to: nil)

  /// One key alone.
  public static func key(_ key: StoreKey) -> StoreRange {
    StoreRange(from: key, to: key.successor)
  }

  /// All keys that begin with these bytes.
  public static func prefix(_ prefix: StoreKey) -> StoreRange {
    StoreRange(from: prefix, to: prefix.endOfPrefix)
  }

  /// Whether no key belongs to it.
  public var isEmpty: Bool {
    end.map { $0 <= start } ?? false
  }

  /// Whether a key belongs to it.
  public func contains(_ key: StoreKey) -> Bool {
    key >= start && end.map { key < $0 } ?? true
  }
}
