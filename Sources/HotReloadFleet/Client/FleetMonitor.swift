public import ServiceLifecycle
import Synchronization

/// Follows a fleet for as long as it runs, so that its newest state can be asked for at any time without waiting for a store: what a
/// dashboard or a probe needs.
///
/// A store that is away, or answers with an error, is asked again; what was known last stays, and ``failure`` says so.
public final class FleetMonitor: Service, Sendable {
  /// How long it waits before it follows anew after an error that does not mend by itself.
  public static let pause = Duration.seconds(5)

  private struct State {
    var overview: FleetOverview?
    var failure: String?
  }

  private let client: FleetClient
  private let state = Mutex(State())

  /// Creates a monitor; nothing is sent before ``run()``.
  public init(_ client: FleetClient) {
    self.client = client
  }

  /// The fleet as it was heard of last; nil before that.
  public var overview: FleetOverview? { state.withLock { $0.overview } }

  /// Why the store cannot be heard at present; nil if it can.
  public var failure: String? { state.withLock { $0.failure } }

  /// The fleet for people.
  /// - Parameter moment: as with ``FleetTable``.
  public func table(moment: ((Int64) -> String)? = nil) -> FleetTable {
    let (overview, failure) = state.withLock { ($0.overview, $0.failure) }
    var table =
      overview.map { FleetTable($0, of: client.fleet, moment: moment) }
      ?? FleetTable(fields: [FleetTable.Field(name: "fleet", value: client.fleet)])
    if let failure {
      let known = overview == nil ? "" : "; what is shown was so before"
      table.fields.insert(
        FleetTable.Field(name: "store", value: failure + known), at: 1)
    }
    return table
  }

  /// Follows until the task is cancelled, the service group shuts down, or the store is closed.
  public func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        do throws(StoreError) {
          return try await follow()
        } catch {
          state.withLock { $0.failure = error.message }
        }
        try? await Task.sleep(for: Self.pause)
      }
    }
  }

  private func follow() async throws(StoreError) {
    let overviews = client.overviews { error in
      self.state.withLock { $0.failure = error?.message }
    }
    for try await overview in overviews { state.withLock { $0.overview = overview } }
  }
}
