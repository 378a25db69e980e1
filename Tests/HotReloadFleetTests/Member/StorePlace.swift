import HotReloadTesting
import Logging

@testable import HotReloadFleet

/// Where the agents of a test keep what they must agree on.
enum StorePlace: Sendable, CustomStringConvertible {
  case memory
  case sqlite
  case etcd(EtcdBinary)

  static let all = [.memory, .sqlite] + EtcdBinary.installed.map { StorePlace.etcd($0) }

  var description: String {
    switch self {
    case .memory: "in memory"
    case .sqlite: "SQLite"
    case .etcd(let binary): "etcd \(binary)"
    }
  }
}

/// A place that is there as long as this.
final class OpenPlace: Sendable {
  private enum Content: Sendable {
    case memory(InMemoryStore)
    case sqlite(TemporaryWorkspace)
    case etcd(EtcdServer)
  }

  private let content: Content

  init(_ place: StorePlace) async throws {
    content =
      switch place {
      case .memory: .memory(InMemoryStore())
      case .sqlite: .sqlite(try TemporaryWorkspace())
      case .etcd(let binary): .etcd(try await EtcdServer(binary))
      }
  }

  func open() async throws -> any FleetStore {
    switch content {
    case .memory(let store): SharedStore(store)
    case .sqlite(let folder): try await SQLiteStore.open(folder.root.appending("fleet.sqlite"))
    case .etcd(let server):
      try EtcdStore(
        EtcdOptions(endpoints: [server.endpoint]),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
  }
}

/// A store that others use too: it is not closed by one of them.
private struct SharedStore: FleetStore {
  let store: InMemoryStore

  init(_ store: InMemoryStore) { self.store = store }

  func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    try await store.read(range, limit: limit)
  }
  func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome {
    try await store.commit(transaction)
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
  func close() async {}
}
