public import HotReload
public import ServiceLifecycle
import Synchronization
public import SystemPackage
import WorkspaceTools

/// Makes a hot reload manager reachable for `hotreload status`, `hotreload reload` and the like.
///
/// ```swift
/// let manager = try await workspace.startHotReload()
/// try await HotReloadControl.serve(manager)
/// ```
/// It ends with ``stop()``, or when the manager shuts down. In a `ServiceGroup`, ``init(_:instance:folder:limits:)`` makes a
/// service that does the same.
public final class HotReloadControl: Service, Sendable {
  private struct State {
    var server: ControlServer?
    var follower: Task<Void, Never>?
    var isStarted = false
    var isStopAsked = false
  }

  private let manager: HotReloadManager
  private let instance: String
  private let givenFolder: FilePath?
  private let limits: ControlLimits
  private let state = Mutex(State())
  /// Ends when somebody asks to stop.
  private let (stopping, stopSignal) = AsyncStream.makeStream(of: Never.self)

  /// A control that is not started yet.
  ///
  /// - Parameters:
  ///   - manager: what is asked.
  ///   - instance: the name under which it is found; `NAME-2`, `NAME-3`, … if a live process has it.
  ///   - folder: the instance's folder, whose last component is its name then; nil to take that of the manager's journal, or
  ///     `data/hotreload/INSTANCE` of the workspace without one.
  ///   - limits: what clients may do.
  public init(
    _ manager: HotReloadManager, instance: String = ControlFolder.defaultInstance,
    folder: FilePath? = nil, limits: ControlLimits = ControlLimits()
  ) {
    self.manager = manager
    self.instance = instance
    givenFolder = folder
    self.limits = limits
  }

  /// Makes a manager reachable from now on; parameters as for ``init(_:instance:folder:limits:)``.
  /// - Throws: as ``start()``.
  @discardableResult
  public static func serve(
    _ manager: HotReloadManager, instance: String = ControlFolder.defaultInstance,
    folder: FilePath? = nil, limits: ControlLimits = ControlLimits()
  ) async throws -> HotReloadControl {
    let control = HotReloadControl(manager, instance: instance, folder: folder, limits: limits)
    try await control.start()
    return control
  }

  /// The folder whose socket answers; nil before ``start()``.
  public var folder: FilePath? { state.withLock { $0.server?.folder } }

  /// Makes the manager reachable from now on.
  /// - Throws: ``ControlError`` with the code `shutDown` the second time; `cannotListen`; `inUse` if the folder was given and a live process has it, or if all
  ///   names are taken; `failed` if the instance's name cannot be one. `HotReloadError` if the manager has no room for
  ///   another sequence of events.
  public func start() async throws {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted && !state.isStopAsked
    }
    guard isFirst else {
      throw ControlError(code: .shutDown, message: "a control runs once only; make another one")
    }
    let server = try await startServer()
    // The sequence ends when the manager shuts down, and the server with it.
    let follower: Task<Void, Never>
    do {
      let events = try manager.events()
      follower = Task {
        for await _ in events {}
        await server.stop()
      }
    } catch {
      await server.stop()
      throw error
    }
    let isStopAsked = state.withLock { state in
      (state.server, state.follower) = (server, follower)
      return state.isStopAsked
    }
    if isStopAsked { await stop() }
  }

  /// Ends it, and returns when the socket is gone and no request is under way any more.
  public func stop() async {
    let (server, follower) = state.withLock { state in
      state.isStopAsked = true
      return (state.server, state.follower)
    }
    stopSignal.finish()
    await server?.stop()
    follower?.cancel()
    await follower?.value
  }

  /// Makes the manager reachable until the service group shuts down gracefully, the task is cancelled, or ``stop()`` is called.
  ///
  /// That the manager shuts down does not end it early, so that a group can stop its services in any order.
  /// - Throws: as ``start()``.
  public func run() async throws {
    try await start()
    await withTaskCancellationOrGracefulShutdownHandler {
      for await _ in stopping {}
    } onCancelOrGracefulShutdown: {
      self.stopSignal.finish()
    }
    await stop()
  }

  private func startServer() async throws -> ControlServer {
    guard ControlFolder.isValid(instance) else {
      throw ControlError(
        code: .failed,
        message: "\"\(instance)\" cannot be an instance's name: it is a folder's, such as web-1")
    }
    if let folder = givenFolder ?? manager.journalFolder {
      return try await startServer(in: folder, folder.lastComponent?.string ?? instance)
    }
    let names = ControlFolder.names(for: instance)
    let all = ControlFolder.all(in: manager.workspace)
    for name in names {
      do {
        return try await startServer(in: all.appending(name), name)
      } catch let error as ControlError where error.code == .inUse {
        continue
      }
    }
    throw ControlError(
      code: .inUse,
      message: "\(names.count) instances run in \(all) already; give this one another name")
  }

  private func startServer(in folder: FilePath, _ name: String) async throws -> ControlServer {
    let target = ManagerControlTarget(manager, name: name)
    let server = ControlServer(
      folder: folder, target: target, limits: limits, logger: manager.configuration.logger)
    try await server.start()
    return server
  }
}
