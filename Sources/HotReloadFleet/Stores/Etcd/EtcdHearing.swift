import Synchronization

/// What was heard on one watch stream, for those who judge it while another task reads it.
final class EtcdHearing: Sendable {
  private struct State {
    var time: Duration
    var isDelivering = false
    var isVerifying: Bool
    var told: StoreRevision
    var isAccepted = false
  }

  private let state: Mutex<State>

  init(at now: Duration, after revision: StoreRevision, isVerifying: Bool) {
    state = Mutex(State(time: now, isVerifying: isVerifying, told: revision))
  }

  /// The last commit that was told.
  var told: StoreRevision { state.withLock { $0.told } }

  /// Whether the member has taken the watch: so the token was good.
  var isAccepted: Bool { state.withLock { $0.isAccepted } }

  func accepts() {
    state.withLock { $0.isAccepted = true }
  }

  /// When something was heard last. A consumer that is slow is no silence; nor is a verification that goes on, which has an end of
  /// its own.
  func time(now: Duration) -> Duration {
    state.withLock { $0.isDelivering || $0.isVerifying ? now : $0.time }
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

  func isVerified(at now: Duration) {
    state.withLock { state in
      state.isVerifying = false
      state.time = now
    }
  }

  func tells(_ revision: StoreRevision) {
    state.withLock { $0.told = revision }
  }
}
