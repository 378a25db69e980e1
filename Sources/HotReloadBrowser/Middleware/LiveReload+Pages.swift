import HotReloadContent
import Hummingbird

extension LiveReload {
  /// Answers a request of a development server: refuses those of others, answers those that are for live reload, and puts the client into
  /// the pages among the answers to all others.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - next: answers those that are not for live reload.
  func respond(
    to request: Request, otherwise next: (Request) async throws -> Response
  ) async throws -> Response {
    if let own = await respond(to: request) { return own }
    if let refusal = options.policy.refusal(of: request.head) { return refusal.response }
    // Before the page is made: if it is made from something newer, the client asks once too often, never too seldom.
    let injection = PageInjection(
      token: token.text, generation: manager.snapshot().generation)
    let usage = RenderUsage()
    let prepared = Request(head: injection.prepared(request.head), body: request.body)
    let response = try await RenderUsage.$current.withValue(usage) { try await next(prepared) }
    return injection.inject(into: response, for: request.head, usage: usage)
  }
}
