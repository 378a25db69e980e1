import HotReloadFleet
import Synchronization

/// Passes everything on to another store; holds up commits, changes what is read, and tells of each call that did not get its
/// answer.
final class ObservedStore: FleetStore {
  private let store: any FleetStore
  private let beforeCommit: @Sendable (StoreTransaction) async -> Void
  private let onRead: @Sendable (inout StorePage) -> Void
  private let onFailure: @Sendable () -> Void
  private let closes: Bool

  /// - Parameter closes: false if others use the store too.
  init(
    _ store: any FleetStore,
    beforeCommit: @escaping @Sendable (StoreTransaction) async -> Void = { _ in },
    onRead: @escaping @Sendable (inout StorePage) -> Void = { _ in },
    onFailure: @escaping @Sendable () -> Void = {}, closes: Bool = true
  ) {
    self.store = store
    self.beforeCommit = beforeCommit
    self.onRead = onRead
    self.onFailure = onFailure
    self.closes = closes
  }

  func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    do throws(StoreError) {
      var page = try await store.read(range, limit: limit)
      onRead(&page)
      return page
    } catch {
      onFailure()
      throw error
    }
  }

  func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome {
    await beforeCommit(transaction)
    do throws(StoreError) {
      let outcome = try await store.commit(transaction)
      if case .unknown = outcome { onFailure() }
      return outcome
    } catch {
      onFailure()
      throw error
    }
  }

  func resolve(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome {
    try await store.resolve(operation)
  }

  func watch(_ range: StoreRange, after revision: StoreRevision) -> StoreWatch {
    store.watch(range, after: revision)
  }

  func grantLease(timeToLive: Duration) async throws(StoreError) -> StoreLease {
    try await store.grantLease(timeToLive: timeToLive)
  }

  func keepAlive(_ lease: StoreLeaseID) async throws(StoreError) -> StoreLease {
    try await store.keepAlive(lease)
  }

  func revoke(_ lease: StoreLeaseID) async throws(StoreError) { try await store.revoke(lease) }

  func close() async { if closes { await store.close() } }
}
