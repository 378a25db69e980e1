public import ServiceLifecycle

/// A service that one config made, and that another of its kind replaces when the config changes.
///
/// Its `run()` begins before the config is in force, beside the service that it is to replace, and lasts until
/// its graceful shutdown. What two must not do at once belongs into ``activate()`` and ``deactivate()``.
/// A class or an actor in most cases: all functions are called on the one that runs.
public protocol ReplaceableService: Service {
  /// Returns when the service could take over: it listens, is connected, has its data.
  ///
  /// It is called once, while `run()` runs, and must end when its task is cancelled.
  /// - Throws: anything, to refuse the config. A `run()` that ends before this returns refuses it as well.
  func waitUntilReady() async throws

  /// The service is the one that counts from now on; again, if a newer one was rolled back. No other
  /// one is active when this is called.
  func activate() async

  /// Another takes over. It is activated after this returns, so that nothing is done twice. The service goes on
  /// running: it may be activated again.
  func deactivate() async

  /// The service will be shut down gracefully as soon as this returns. Part of the drain's time.
  func willEnd(_ reason: ServiceEnding) async

  /// Returns when a service of the same config could start beside this one, which is ending: the port is
  /// free, the file unlocked. It must end when its task is cancelled. Without it, that is when `run()` has ended.
  func waitUntilReleased() async
}

extension ReplaceableService {
  /// Does nothing.
  public func activate() async {}
  /// Does nothing.
  public func deactivate() async {}
  /// Does nothing.
  public func willEnd(_ reason: ServiceEnding) async {}
  /// Returns when its task is cancelled, which it is when `run()` has ended.
  public func waitUntilReleased() async { await Signal().wait() }
}

/// Why a service is ended.
public enum ServiceEnding: Sendable, Hashable {
  /// Another one took its place, or its config was refused by somebody else. The program goes on.
  case replaced
  /// The program ends, or at least nothing takes its place.
  case shutdown
}
