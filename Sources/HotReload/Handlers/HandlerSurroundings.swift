import Logging
import Synchronization

/// What all handlers of a workspace run with: the default until there is a manager, and then what that says.
final class HandlerSurroundings: Sendable {
  private let state: Mutex<(logger: Logger, clock: ReloadClock)>
  /// Where they run.
  let threads = HandlerThreads()

  init() {
    state = Mutex(
      (Logger(label: HotReloadConfiguration.loggerLabel), ReloadClock(ContinuousClock())))
  }

  /// Where failures are logged.
  var logger: Logger { state.withLock { $0.logger } }
  /// What deadlines are measured by.
  var clock: ReloadClock { state.withLock { $0.clock } }

  /// Logs here from now on, and measures by this clock from the next event on.
  func use(_ logger: Logger, _ clock: ReloadClock) {
    state.withLock { $0 = (logger, clock) }
  }
}
