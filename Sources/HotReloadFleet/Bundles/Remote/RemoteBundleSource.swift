import Foundation
public import Logging
public import ServiceLifecycle
import Synchronization
public import SystemPackage
import WorkspaceFiles

/// Follows a bundle that a server has under one address: fetches it when it is another one, checks it, keeps it on disk, and
/// has it taken.
///
/// - *What is asked.* A GET every ``RemoteBundleOptions/interval`` with `If-None-Match` and `If-Modified-Since`, so that a server answers 304
///   as long as nothing changed. After a failure sooner, then later and later, and not before the server's `Retry-After`.
/// - *What is believed.* A ``ContentBundle`` in its JSON form, whole, within the bounds, with a right digest, and a right signature if a key was
///   given. Anything else is refused: logged as an error, shown by ``status``, and what is in force stays.
/// - *What is kept.* The bundle in force and the one before, in ``BundleFolders``. So a process starts from what it had, with
///   its server away.
/// - *What is taken once.* A bundle that the closure refuses is not offered again before the server has another one.
///
/// A signature proves who made a bundle, not that it is the newest: who controls the server, or the way to it, can serve an
/// older one that was signed.
public final class RemoteBundleSource: Service, Sendable {
  /// Puts a bundle in force, or throws: ``RemoteBundleDeferral`` if it should be offered again, anything else if it is not good.
  public typealias Apply =
    @Sendable (_ bundle: ContentBundle, _ folder: FilePath) async throws -> Void

  private struct State {
    var status: RemoteBundleStatus
    var validators = RemoteValidators()
    var previous: BundleDigest?
    /// Why the bundle was not taken that ``RemoteBundleStatus/refused`` names.
    var refusal: BundleError?
    /// The last problem that was logged as an error; the same one again is not news.
    var told: String?
  }

  private let endpoint: BundleEndpoint
  private let options: RemoteBundleOptions
  private let folders: BundleFolders
  private let logger: Logger
  private let clock: any Clock<Duration>
  private let fetcher: BundleFetcher
  private let apply: Apply
  private let state: Mutex<State>

  /// Creates a source. Nothing is asked before ``run()``.
  ///
  /// - Parameters:
  ///   - url: where the bundle is: `https`, or `http` with a key or pinned digest, or on this machine.
  ///   - folders: where bundles are kept; for this source alone.
  ///   - inForce: the bundle that is in force already, such as what ``lastGood(in:)`` gave at the start of the program. If the last good
  ///     one is another, it is applied first.
  ///   - clock: measures the pauses.
  /// - Throws: ``BundleError`` with the code `invalidOptions`.
  public init(
    url: String, options: RemoteBundleOptions = RemoteBundleOptions(), folders: BundleFolders,
    inForce: BundleDigest? = nil, logger: Logger = Logger(label: "hotreload.remote"),
    clock: any Clock<Duration> = ContinuousClock(), apply: @escaping Apply
  ) throws(BundleError) {
    try options.validate()
    endpoint = try BundleEndpoint(url, provesContent: options.provesContent)
    fetcher = try BundleFetcher(endpoint, options)
    self.options = options
    self.folders = folders
    self.logger = logger
    self.clock = clock
    self.apply = apply
    state = Mutex(
      State(status: RemoteBundleStatus(server: endpoint.server, current: inForce)))
  }

  /// How the source is doing.
  public var status: RemoteBundleStatus { state.withLock { $0.status } }

  /// The bundle that a source had in force last, and its folder; nil if there is none, or not all of it.
  ///
  /// - Throws: ``BundleError`` with the code `cancelled`.
  public static func lastGood(
    in folders: BundleFolders
  ) async throws(BundleError) -> (digest: BundleDigest, folder: FilePath)? {
    let root = folders.root
    let memory = try await BundleError.blocking { () throws(BundleError) in
      RemoteBundleMemory.read(in: root)
    }
    guard let memory, let folder = try await folders.folder(of: memory.bundle) else { return nil }
    return (memory.bundle, folder)
  }

  /// Follows the address until the service group shuts down gracefully or the task is cancelled.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await self.restore()
      await self.follow()
    }
    await fetcher.close()
  }

  private func follow() async {
    while !Task.isCancelled {
      let (outcome, retryAfter) = await ask()
      let pause: Duration
      if case .failed = outcome {
        pause = self.pause(afterFailures: status.failures, retryAfter: retryAfter)
      } else {
        pause =
          options.interval * Double.random(in: (1 - options.jitter)...(1 + options.jitter))
      }
      // It is broken off only to end.
      do { try await clock.sleep(for: pause) } catch { return }
    }
  }

  private func pause(afterFailures failures: Int, retryAfter: Duration?) -> Duration {
    var delay = options.firstDelay
    for _ in 1..<max(failures, 1) where delay < options.maximumDelay {
      delay = min(delay * 2, options.maximumDelay)
    }
    return max(
      delay * Double.random(in: 0.5...1), min(retryAfter ?? .zero, options.maximumRetryAfter))
  }
}

// MARK: Asking

extension RemoteBundleSource {
  /// Asks once, outside of ``run()``. One call at a time.
  package func poll() async -> RemoteBundleOutcome { await ask().outcome }

  /// Closes the connections of ``poll()``.
  package func close() async { await fetcher.close() }

  private func ask() async -> (outcome: RemoteBundleOutcome, retryAfter: Duration?) {
    do {
      let known = state.withLock { $0.validators }
      switch try await fetcher.fetch(unless: known) {
      case .notModified: return (settle(.unchanged), nil)
      case .bundle(let bundle, let validators):
        return (settle(await take(bundle, validators)), nil)
      }
    } catch let failure as FetchFailure {
      return (
        settle(failure.isRefusal ? .refused(failure.error) : .failed(failure.error)),
        failure.retryAfter
      )
    } catch {
      return (.failed(.cancelled), nil)
    }
  }

  private func take(
    _ bundle: ContentBundle, _ validators: RemoteValidators
  ) async -> RemoteBundleOutcome {
    let (current, refused) = state.withLock { ($0.status.current, $0.status.refused) }
    if bundle.digest == current || bundle.digest == refused {
      state.withLock { state in
        state.validators = validators
        // The server went back to what is in force.
        if bundle.digest == current { state.status.refused = nil }
      }
      if bundle.digest == current { await remember() }
      return .unchanged
    }
    let folder: FilePath
    do {
      folder = try await folders.store(bundle)
    } catch {
      return .failed(error)
    }
    do {
      try await apply(bundle, folder)
    } catch let error as RemoteBundleDeferral {
      return .failed(
        BundleError(
          .unavailable, "bundle \(bundle.digest) cannot be taken now: \(error)", cause: error))
    } catch is CancellationError {
      return .failed(.cancelled)
    } catch {
      let refusal = BundleError(
        .refused,
        "bundle \(bundle.digest) from \(endpoint.server) was refused, and is not tried again before the server has "
          + "another one: \(error)", cause: error)
      state.withLock { state in
        state.validators = validators
        state.status.refused = bundle.digest
        state.refusal = refusal
      }
      return .refused(refusal)
    }
    let kept = state.withLock { state in
      state.previous = state.status.current
      state.status.current = bundle.digest
      state.status.refused = nil
      state.validators = validators
      return Set([state.previous, bundle.digest].compactMap { $0 })
    }
    await remember()
    await folders.prune(keeping: kept)
    return .applied(bundle.digest)
  }

  /// Notes an outcome in the status and the log.
  private func settle(_ outcome: RemoteBundleOutcome) -> RemoteBundleOutcome {
    let problem: BundleError? =
      switch outcome {
      case .refused(let error), .failed(let error): error
      case .applied: nil
      // What the server has is what was refused: that is still so.
      case .unchanged: state.withLock { $0.status.refused == nil ? nil : $0.refusal }
      }
    let (isNews, wasWrong) = state.withLock { state in
      if case .failed = outcome { state.status.failures += 1 } else { state.status.failures = 0 }
      state.status.problem = problem
      defer { state.told = problem?.message }
      return (state.told != problem?.message, state.told != nil)
    }
    let metadata: Logger.Metadata = ["server": "\(endpoint.server)"]
    if let problem, isNews {
      logger.error("\(problem)", metadata: metadata)
    } else if problem == nil, wasWrong {
      logger.notice("bundles from \(endpoint.server) are good again", metadata: metadata)
    }
    if case .applied(let digest) = outcome {
      logger.info("bundle \(digest) is in force", metadata: metadata)
    }
    return outcome
  }
}

// MARK: What is kept

extension RemoteBundleSource {
  /// Begins with what the last process had in force.
  package func restore() async {
    let root = folders.root
    let memory = try? await BundleError.blocking { () throws(BundleError) in
      RemoteBundleMemory.read(in: root)
    }
    guard let memory = memory ?? nil, let folder = try? await folders.folder(of: memory.bundle),
      let bundle = try? await folders.bundle(memory.bundle)
    else { return }
    if status.current != memory.bundle {
      do {
        try await apply(bundle, folder)
      } catch {
        logger.error(
          "bundle \(memory.bundle), which was in force last, was not taken: \(error)",
          metadata: ["server": "\(endpoint.server)"])
        return
      }
    }
    state.withLock { state in
      state.status.current = memory.bundle
      if memory.source == RemoteBundleMemory.name(of: endpoint) {
        state.validators = memory.validators
      }
    }
  }

  private func remember() async {
    let (current, validators) = state.withLock { ($0.status.current, $0.validators) }
    guard let current else { return }
    let memory = RemoteBundleMemory(source: endpoint, bundle: current, validators: validators)
    let root = folders.root
    do {
      try await BlockingExecutor.shared.run { try memory.write(in: root) }
    } catch {
      logger.warning(
        "a restart begins with an older bundle than is in force, as it cannot be noted: \(error)",
        metadata: ["server": "\(endpoint.server)"])
    }
  }
}
