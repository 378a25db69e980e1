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
    case .memory(let store): ObservedStore(store, closes: false)
    case .sqlite(let folder): try await SQLiteStore.open(folder.root.appending("fleet.sqlite"))
    case .etcd(let server):
      try EtcdStore(
        EtcdOptions(endpoints: [server.endpoint]),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
  }
}
