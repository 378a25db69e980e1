public import HotReload
import WorkspaceFiles
public import WorkspaceTools

extension HotReloadManager {
  /// Registers the commands that `hotreload.toml` declares as `[[handler]]`. Later edits of that file have no effect.
  ///
  /// - Parameter redaction: the keys whose values the commands do not see.
  /// - Returns: a registration for each handler, in the order of the file; none if there is no such file.
  /// - Throws: ``CommandHandlerSettingsError``; ``HotReloadError`` with the code `tooManyReceivers`, and then none is registered.
  @discardableResult
  public func registerCommandHandlers(
    redaction: RedactionRules = .default
  ) async throws -> [HandlerRegistration] {
    let workspace = workspace
    let settings = try await BlockingExecutor.shared.run {
      try CommandHandlerSettings.load(from: workspace)
    }
    return try registerCommandHandlers(settings, redaction: redaction)
  }

  /// Registers these commands, as ``registerCommandHandlers(redaction:)`` does.
  ///
  /// - Parameter onFailure: called with each failure, before the manager logs it.
  @discardableResult
  public func registerCommandHandlers(
    _ settings: [CommandHandlerSettings], redaction: RedactionRules = .default,
    onFailure: @escaping @Sendable (CommandHandlerError) -> Void = { _ in }
  ) throws -> [HandlerRegistration] {
    var registrations: [HandlerRegistration] = []
    do {
      for setting in settings {
        let handler = CommandHandler(
          setting.run, on: setting.on, timeout: setting.timeout, in: workspace.root,
          redaction: redaction)
        let telling = TellingHandler(handler: handler, onFailure: onFailure)
        registrations.append(try register(telling, matching: setting.match))
      }
    } catch {
      for registration in registrations { registration.unregister() }
      throw error
    }
    return registrations
  }
}

/// A command handler whose failures are told.
private struct TellingHandler: ReloadHandler {
  let handler: CommandHandler
  let onFailure: @Sendable (CommandHandlerError) -> Void

  var timeLimit: Duration { handler.timeLimit }

  func canHandle(_ event: ChangeEvent) -> Bool { handler.canHandle(event) }

  func handle(_ event: ChangeEvent) async throws {
    do {
      try await handler.handle(event)
    } catch {
      if let error = error as? CommandHandlerError { onFailure(error) }
      throw error
    }
  }
}
