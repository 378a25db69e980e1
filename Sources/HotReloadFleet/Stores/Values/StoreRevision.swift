/// The number of a commit in a store. Every commit has a greater one than all before it; numbers may be left out.
public struct StoreRevision: Sendable, Hashable, RawRepresentable {
  /// The number, 0 for the time before the first commit.
  public let rawValue: Int64

  /// A revision of this number.
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// Before the first commit.
  public static let zero = StoreRevision(rawValue: 0)

  /// The number that follows.
  public var next: StoreRevision { StoreRevision(rawValue: rawValue + 1) }
}

extension StoreRevision: Comparable, CustomStringConvertible {
  /// Whether the first is the earlier one.
  public static func < (left: StoreRevision, right: StoreRevision) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The number.
  public var description: String { String(rawValue) }
}
