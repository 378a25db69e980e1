public import Hummingbird

/// Live reload around any responder, such as a `ReloadableResponder` or a ``ProxyResponder``. It does what
/// ``LiveReloadMiddleware`` does.
public struct LiveReloadResponder<Base: HTTPResponder>: HTTPResponder {
  private let base: Base
  private let live: LiveReload

  /// Creates it.
  /// - Parameters:
  ///   - base: what answers requests that are not for live reload.
  ///   - live: what speaks to the browsers.
  public init(_ base: Base, live: LiveReload) {
    self.base = base
    self.live = live
  }

  /// Answers what is for live reload, and puts the client into the pages among the other answers.
  public func respond(to request: Request, context: Base.Context) async throws -> Response {
    try await live.respond(to: request) { try await base.respond(to: $0, context: context) }
  }
}
