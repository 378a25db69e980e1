import HotReloadFleet
import Synchronization

/// Passes everything on to another store; holds up commits, and tells of each call that did not get its answer.
final class ObservedStore: FleetStore {
  private let store: any FleetStore
  private let beforeCommit: @Sendable (StoreTransaction) async -> Void
  private let onFailure: @Sendable () -> Void

  init(
    _ store: any FleetStore,
    beforeCommit: @escaping @Sendable (StoreTransaction) async -> Void = { _ in },
    onFailure: @escaping @Sendable () -> Void = {}
  ) {
    self.store = store
    self.beforeCommit = beforeCommit
    self.onFailure = onFailure
  }

  func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    do throws(StoreError) { return try await store.read(range, limit: limit) } catch {
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

  func close() async { await store.close() }
}
