import Dispatch
public import HotReload
public import Logging
public import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Loads every config again when the process gets a signal, as daemons do on SIGHUP.
///
/// While ``run()`` lasts the signal does nothing else: it does not end the process. Afterwards it does what it did before.
/// Signals that come during a reload lead to one more, however many they are.
public struct ReloadOnSignal: Service, Sendable {
  private let number: CInt
  private let logger: Logger
  private let reload: @Sendable () async throws -> Void

  /// Reloads a manager.
  /// - Parameters:
  ///   - manager: what is reloaded. What a reload refuses, it logs itself.
  ///   - number: the signal, SIGHUP (1) if nothing is said.
  public init(_ manager: HotReloadManager, signal number: CInt = SIGHUP) {
    self.init(signal: number, logger: manager.configuration.logger) {
      _ = try await manager.reload()
    }
  }

  /// Calls a function.
  /// - Parameters:
  ///   - number: the signal, SIGHUP (1) if nothing is said.
  ///   - logger: where it is said what the function throws.
  ///   - reload: is called once at a time.
  public init(
    signal number: CInt = SIGHUP, logger: Logger,
    reload: @escaping @Sendable () async throws -> Void
  ) {
    self.number = number
    self.logger = logger
    self.reload = reload
  }

  /// Waits for signals until the service group shuts down gracefully or the task is cancelled.
  public func run() async throws {
    try await run(whenListening: {})
  }

  /// The same, and says when signals are heard.
  func run(whenListening: @Sendable () -> Void) async throws {
    // One that waits is enough: a reload that starts later sees everything that was there before.
    let (signals, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let disposition = SignalDisposition(number)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { continuation.yield() }
    await withCheckedContinuation { (registered: CheckedContinuation<Void, Never>) in
      source.setRegistrationHandler { registered.resume() }
      source.activate()
    }
    disposition.listen()
    whenListening()
    await withTaskCancellationOrGracefulShutdownHandler {
      for await _ in signals where !Task.isShuttingDownGracefully { await reloadOnce() }
    } onCancelOrGracefulShutdown: {
      continuation.finish()
    }
    source.cancel()
    disposition.restore()
  }

  private func reloadOnce() async {
    logger.notice(
      "reloading: the process was asked to by a signal", metadata: ["signal": "\(number)"])
    do {
      try await reload()
    } catch {
      logger.error("the reload by a signal failed", metadata: ["error": "\(error)"])
    }
  }
}
