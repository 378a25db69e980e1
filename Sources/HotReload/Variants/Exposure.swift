import WorkspaceTools

/// A subject that got the value of one of a config's variants, for those who evaluate the experiment.
///
/// Descriptions, also of what has one in it, show the subject's digest instead of the subject.
public struct Exposure: Sendable, Hashable {
  /// The config's name.
  public var config: String
  /// The experiment's name.
  public var experiment: String
  /// The variant's name; `control` for the config without an overlay.
  public var variant: String
  /// Whom it is about, as the program named it. This is likely to be personal data.
  public var subject: String
  /// 16 hexadecimal digits that stand for the subject in this experiment: the first eight bytes of SHA-256 of experiment,
  /// NUL, salt, NUL, subject. Who has a list of all subjects can find out which one it is.
  public var subjectDigest: String
  /// Whether the config names the subject among its test subjects, so that it should not count in an evaluation.
  public var isTestSubject: Bool
  /// The generation that brought the value.
  public var generation: UInt64
  /// When it was, in nanoseconds since 1970 (UTC).
  public var time: Int64
  /// How many exposures the consumer missed right before this one, because it was too slow, or too many came at once.
  public var droppedBefore = 0
}

extension Exposure: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `checkout: 0123456789abcdef gets treatment of config app, generation 3`.
  public var description: String {
    "\(experiment): \(subjectDigest) gets \(variant) of config \(config), generation \(generation)"
  }

  /// The description.
  public var debugDescription: String { description }

  /// All but the subject.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "config": config, "experiment": experiment, "variant": variant,
        "subjectDigest": subjectDigest, "isTestSubject": isTestSubject, "generation": generation,
        "time": time, "droppedBefore": droppedBefore,
      ])
  }
}

extension HotReloadManager {
  /// How many exposures wait for a slow consumer if it does not say otherwise.
  public static let defaultExposureLimit = 4_096

  /// The exposures from now on: each subject, experiment, salt and variant once in this process, as far as they are
  /// remembered (``maximumRememberedExposures``). Ends when the manager shuts down.
  ///
  /// - Parameter bufferLimit: how many wait for a slow consumer, 1 at least; beyond that new ones are dropped, and
  ///   ``Exposure/droppedBefore`` of the next one counts them.
  /// - Throws: ``HotReloadError`` with the code `tooManyReceivers`.
  public func exposures(
    bufferLimit: Int = defaultExposureLimit
  ) throws -> AsyncStream<Exposure> {
    try driver.exposures.stream(limit: max(1, bufferLimit)).stream
  }

  /// Calls `handler` with each exposure, one after the other.
  ///
  /// - Parameters:
  ///   - bufferLimit: as for ``exposures(bufferLimit:)``.
  ///   - handler: called in a task of its own, which is cancelled when it is unregistered. A shutdown waits for what is
  ///     under way.
  /// - Throws: ``HotReloadError`` with the code `tooManyReceivers`, or `shutDown`.
  @discardableResult
  public func registerExposureHandler(
    bufferLimit: Int = defaultExposureLimit,
    _ handler: @escaping @Sendable (Exposure) async -> Void
  ) throws -> ExposureRegistration {
    guard !isEnding else { throw HotReloadError.shutDown }
    let hub = driver.exposures
    let (number, stream) = try hub.stream(limit: max(1, bufferLimit))
    let cancel = driver.tasks.start {
      for await exposure in stream { await Reentrancy.run { await handler(exposure) } }
    }
    return ExposureRegistration(number: number, hub: hub, cancel: cancel)
  }

  /// So many exposures are remembered, so that none of them is told of twice: at least the latest half of that many.
  public static let maximumRememberedExposures = ExposureHub.maximumRemembered
}

/// A registered handler of exposures. Letting go of it does not unregister.
public struct ExposureRegistration: Sendable {
  let number: UInt64
  let hub: ExposureHub
  let cancel: @Sendable () -> Void

  /// Calls the handler no more; what is under way is cancelled.
  public func unregister() {
    hub.remove(number)
    cancel()
  }
}
