import ArgumentParser
import HotReload
import HotReloadProcess

/// How a command that goes on can be asked from outside.
struct ReachabilityOptions: ParsableArguments {
  @Flag(help: "Answer hotreload status, reload and the like while it runs.")
  var control = false

  @Option(
    help: ArgumentHelp(
      "The name under which it answers, with --control (default \(ControlFolder.defaultInstance)).",
      valueName: "name"))
  var instance: String?

  @Flag(help: "Load every config again on SIGHUP, instead of ending.")
  var reloadOnHangup = false

  func validate() throws {
    guard let instance else { return }
    guard control else { throw ValidationError("--instance needs --control.") }
    guard ControlFolder.isValid(instance) else {
      throw ValidationError("'\(instance)' cannot be an instance's name; one looks like web-1.")
    }
  }

  /// Calls `body` while the manager can be asked in the ways that were chosen.
  func whileReachable(
    _ manager: HotReloadManager, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    let server =
      control
      ? try await HotReloadControl.serve(
        manager, instance: instance ?? ControlFolder.defaultInstance) : nil
    let result: Result<Void, any Error>
    do {
      try await whileHearing(manager, body)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await server?.stop()
    try result.get()
  }

  private func whileHearing(
    _ manager: HotReloadManager, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    guard reloadOnHangup else { return try await body() }
    try await withThrowingTaskGroup { group in
      group.addTask { try await ReloadOnSignal(manager).run() }
      group.addTask { try await body() }
      // The signals are listened to until the body ends.
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
