public import Hummingbird

/// Tells a ``RequestTimer`` how long each request took, from when it reached this middleware until its answer was made.
///
/// Time that the client takes to receive the body is not the server's and does not count. What is below `/_hotreload`
/// is our own and does not count either. A thrown error and a status of 500 and more are failures.
public struct RequestTimerMiddleware<Context: RequestContext>: RouterMiddleware {
  private let timer: RequestTimer

  /// Creates it; put it before everything that is to count.
  public init(_ timer: RequestTimer) {
    self.timer = timer
  }

  /// Answers as what comes after it does.
  public func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard !LivePath.isOurs(LivePath.path(of: request.head.path ?? "")) else {
      return try await next(request, context)
    }
    let start = ContinuousClock.now
    do {
      let response = try await next(request, context)
      timer.record(start.duration(to: .now), failed: response.status.code >= 500)
      return response
    } catch {
      // A client that went away before its answer was made is not the server's failure.
      let failed = (error as? any HTTPResponseError).map { $0.status.code >= 500 } ?? true
      timer.record(start.duration(to: .now), failed: failed && !(error is CancellationError))
      throw error
    }
  }
}
