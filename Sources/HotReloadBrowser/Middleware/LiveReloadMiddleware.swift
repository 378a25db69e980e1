public import Hummingbird

/// Live reload for a Hummingbird application: one line, for development.
///
///     let live = LiveReload(manager: manager)
///     router.add(middleware: LiveReloadMiddleware(live))
///     let application = Application(
///       router: router, server: .http1(live: live), services: [manager, live])
///
/// Add it before all other middleware, so that it sees requests first and answers last. It answers only requests that name this
/// machine as their host, or a host that the options of `live` allow. Answers that are compressed by something in front
/// of it are compressed with the client; those that reach it compressed pass as they are.
public struct LiveReloadMiddleware<Context: RequestContext>: RouterMiddleware {
  private let live: LiveReload

  /// Creates it.
  public init(_ live: LiveReload, context: Context.Type = Context.self) {
    self.live = live
  }

  /// Answers what is for live reload, and puts the client into the pages among the other answers.
  public func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    try await live.respond(to: request) { try await next($0, context) }
  }
}
