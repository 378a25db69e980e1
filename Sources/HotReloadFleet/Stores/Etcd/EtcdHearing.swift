import Synchronization

/// What was heard on one watch stream, for those who judge it while another task reads it.
final class EtcdHearing: Sendable {
  private struct State {
    var time: Duration
    var isDelivering = false
    var told: StoreRevision
  }

  private let state: Mutex<State>

  init(at now: Duration, after revision: StoreRevision) {
    state = Mutex(State(time: now, told: revision))
  }

  /// The last commit that was told.
  var told: StoreRevision { state.withLock { $0.told } }

  /// When something was heard last. A consumer that is slow is no silence.
  func time(now: Duration) -> Duration {
    state.withLock { $0.isDelivering ? now : $0.time }
  }

  func beginsToDeliver() {
    state.withLock { $0.isDelivering = true }
  }

  func hasDelivered(at now: Duration) {
    state.withLock { state in
      state.isDelivering = false
      state.time = now
    }
  }

  func tells(_ revision: StoreRevision) {
    state.withLock { $0.told = revision }
  }
}
