/// How long the parts of a service's life may take.
public struct ServiceLimits: Sendable, Hashable {
  /// What a service has to be ready, twenty seconds: less than the thirty that a participant has.
  public static let defaultReadiness = Duration.seconds(20)
  /// What a service has to finish its work when it is ended, twenty seconds.
  public static let defaultDrain = Duration.seconds(20)
  /// What a service has to return after it was cancelled, five seconds. Then it is abandoned, with a log line.
  public static let defaultCancellation = Duration.seconds(5)

  /// From the start of `run()` to the return of `waitUntilReady()`.
  public var readiness: Duration
  /// From the end's beginning to the return of `run()`. Then the service is cancelled.
  ///
  /// A reload waits for it up to thirty seconds, and counts what takes longer as overdue. The drain goes on
  /// nevertheless.
  public var drain: Duration
  /// From the cancellation to the return of `run()`.
  public var cancellation: Duration

  /// Creates limits.
  public init(
    readiness: Duration = defaultReadiness, drain: Duration = defaultDrain,
    cancellation: Duration = defaultCancellation
  ) {
    self.readiness = readiness
    self.drain = drain
    self.cancellation = cancellation
  }
}

/// What becomes of an active service whose `run()` returned or threw although nobody asked it to end.
public enum ServiceFailurePolicy: Sendable, Hashable {
  /// The outer `run()` ends all services and throws, as if the service stood in the service group itself: the program
  /// ends, and whoever watches over it starts it again. Where nobody runs the outer `run()`, it is logged.
  case endProgram
  /// The service is made again from the same config, up to `limit` times in a row, after a pause that doubles from
  /// `pause` to `maximumPause`. A service that was ready for a minute starts to count anew. Beyond the limit: as
  /// ``endProgram``.
  case restart(
    limit: Int = 5, pause: Duration = .seconds(1), maximumPause: Duration = .seconds(30))

  /// After how long being ready earlier failures do not count any more.
  static let steadyAfter = Duration.seconds(60)

  /// The pause before it is started again after so many failures in a row; nil if it is not.
  func pause(after failures: Int) -> Duration? {
    guard case .restart(let limit, let pause, let maximumPause) = self, failures <= limit else {
      return nil
    }
    var result = pause
    // Twenty doublings are more than any maximum in use, and no count of failures can overflow it.
    for _ in 1..<max(1, min(failures, 20)) where result < maximumPause { result *= 2 }
    return min(result, maximumPause)
  }
}
