import HotReload
import HotReloadProcess
import Logging
import ServiceLifecycle

/// Makes the server reachable for `hotreload status`, where that is possible: where no socket can be made, such as on a
/// read-only `data/`, the site is served all the same.
struct SiteControl: Service {
  private let control: HotReloadControl
  private let logger: Logger

  init(_ manager: HotReloadManager, instance: String, logger: Logger) {
    control = HotReloadControl(manager, instance: instance)
    self.logger = logger
  }

  func run() async throws {
    do {
      try await control.run()
    } catch let error as ControlError {
      logger.warning(
        "hotreload status and the like cannot reach this server", metadata: ["reason": "\(error)"])
      try? await gracefulShutdown()
    }
  }
}
