/// What must be so for a transaction to be made.
public struct StoreCondition: Sendable, Hashable {
  /// What is asked of a key.
  public enum Requirement: Sendable, Hashable {
    /// There is no such key.
    case absent
    /// There is such a key.
    case present
    /// It was created by this commit, and not deleted since.
    case created(StoreRevision)
    /// It was written last by this commit.
    case modified(StoreRevision)
    /// It is there and has this value.
    case value([UInt8])
  }

  /// The key.
  public var key: StoreKey
  /// What is asked of it.
  public var requirement: Requirement

  /// Creates a condition.
  public init(_ key: StoreKey, _ requirement: Requirement) {
    self.key = key
    self.requirement = requirement
  }

  /// Whether it holds for what a store has under its key.
  public func holds(for entry: StoreEntry?) -> Bool {
    switch requirement {
    case .absent: entry == nil
    case .present: entry != nil
    case .created(let revision): entry?.createRevision == revision
    case .modified(let revision): entry?.modRevision == revision
    case .value(let value): entry?.value == value
    }
  }
}

/// One thing that a transaction does.
public enum StoreMutation: Sendable, Hashable {
  /// Writes a value, whether the key is there or not. It then depends on this lease, or on none.
  case put(StoreKey, [UInt8], lease: StoreLeaseID? = nil)
  /// Deletes a key. If it is not there, nothing happens to it.
  case delete(StoreKey)

  /// The key.
  public var key: StoreKey {
    switch self {
    case .put(let key, _, _), .delete(let key): key
    }
  }
}

/// Conditions, and what is done if all of them hold: all of it, under one revision, or nothing.
///
/// ```swift
/// let claim = StoreTransaction(
///   if: [StoreCondition("controller", .absent)],
///   then: [.put("controller", name, lease: lease.id)])
/// switch try await store.commit(claim) {
/// case .succeeded(let revision): lead(fencedBy: revision)
/// case .conflict(let current): follow(current.entries.first)
/// case .unknown: settle(try await store.resolve(claim.operation))
/// }
/// ```
/// Each has a name of its own, and a store does what it says once at most, however often it is committed. So one
/// that failed or whose outcome is not known can be committed again as it is.
public struct StoreTransaction: Sendable, Hashable {
  /// What must hold.
  public var conditions: [StoreCondition]
  /// What is done; at most one thing with each key. Without any, the transaction only tells whether its conditions hold.
  public var mutations: [StoreMutation]
  /// Its name.
  public var operation: StoreOperationID

  /// Creates a transaction.
  public init(
    if conditions: [StoreCondition] = [], then mutations: [StoreMutation],
    operation: StoreOperationID = StoreOperationID()
  ) {
    self.conditions = conditions
    self.mutations = mutations
    self.operation = operation
  }

  /// What is counted for each condition and each mutation on top of its keys and values.
  static let operationOverhead = 128
  /// What is counted for the transaction itself.
  static let transactionOverhead = 1_024

  /// Its size as ``StoreLimits/transactionBytes`` means it: 1,024, and for each mutation 128 with the bytes of its key and value, and
  /// for each condition 128 with the bytes of its value and twice those of its key, which is read if it does not hold.
  public var byteCount: Int {
    var count = Self.transactionOverhead
    for condition in conditions {
      count += Self.operationOverhead + 2 * condition.key.bytes.count
      if case .value(let value) = condition.requirement { count += value.count }
    }
    for mutation in mutations {
      count += Self.operationOverhead + mutation.key.bytes.count
      if case .put(_, let value, _) = mutation { count += value.count }
    }
    return count
  }

  /// Checks what can be checked without a store. Every store does it first.
  /// - Throws: ``StoreError`` with the code `limitExceeded` or `invalidRequest`.
  public func validate() throws(StoreError) {
    let limit = StoreLimits.operations
    guard conditions.count <= limit, mutations.count < limit else {
      throw StoreError(
        .limitExceeded,
        "a transaction of \(conditions.count) conditions and \(mutations.count) mutations is too large: "
          + "\(limit) and \(limit - 1) are the most; split it")
    }
    guard byteCount <= StoreLimits.transactionBytes else {
      throw StoreError(
        .limitExceeded,
        "a transaction of \(byteCount) bytes is too large: \(StoreLimits.transactionBytes) are the most; "
          + "split it, or keep large values elsewhere and their digests in the store")
    }
    for condition in conditions { try condition.key.validate() }
    var seen: Set<StoreKey> = []
    for mutation in mutations {
      try mutation.key.validate()
      guard seen.insert(mutation.key).inserted else {
        throw StoreError(
          .invalidRequest, "a transaction changes the key \(mutation.key) twice; change it once")
      }
    }
  }
}

extension StoreKey {
  /// Checks the key's length.
  /// - Throws: ``StoreError`` with the code `limitExceeded` or `invalidRequest`.
  func validate() throws(StoreError) {
    guard !bytes.isEmpty else {
      throw StoreError(.invalidRequest, "a key is empty; a key has one byte at least")
    }
    guard bytes.count <= StoreLimits.keyBytes else {
      throw StoreError(
        .limitExceeded,
        "a key has \(bytes.count) bytes; \(StoreLimits.keyBytes) are the most")
    }
  }
}
