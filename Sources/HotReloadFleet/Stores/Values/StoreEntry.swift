/// A key with its value, and when it came to be so.
public struct StoreEntry: Sendable, Hashable {
  /// Its name.
  public var key: StoreKey
  /// Its content.
  public var value: [UInt8]
  /// The commit that created it. A key that was deleted and put again has a new one.
  public var createRevision: StoreRevision
  /// The commit that wrote this value.
  public var modRevision: StoreRevision
  /// The lease with which it ends, if it has one.
  public var lease: StoreLeaseID?

  /// Creates an entry.
  public init(
    key: StoreKey, value: [UInt8], createRevision: StoreRevision, modRevision: StoreRevision,
    lease: StoreLeaseID? = nil
  ) {
    self.key = key
    self.value = value
    self.createRevision = createRevision
    self.modRevision = modRevision
    self.lease = lease
  }
}

/// What a store had in a range at one revision.
public struct StorePage: Sendable, Hashable {
  /// The entries, in the order of their keys.
  public var entries: [StoreEntry]
  /// The newest revision of the store when they were read. What changes later has a greater one.
  public var revision: StoreRevision
  /// Where those begin that the limit left out; nil if there are none.
  public var rest: StoreRange?

  /// Creates a page.
  public init(entries: [StoreEntry], revision: StoreRevision, rest: StoreRange? = nil) {
    self.entries = entries
    self.revision = revision
    self.rest = rest
  }
}
