public import Hummingbird

/// A development proxy as the responder of a Hummingbird application.
///
/// If the context is a `RemoteAddressRequestContext`, the program behind is told the browser's address.
public struct ProxyResponder<Context: RequestContext>: HTTPResponder {
  private let proxy: DevelopmentProxy

  /// Creates it.
  public init(_ proxy: DevelopmentProxy, context: Context.Type = Context.self) {
    self.proxy = proxy
  }

  /// Answers with what the program behind answers.
  public func respond(to request: Request, context: Context) async throws -> Response {
    let address = (context as? any RemoteAddressRequestContext)?.remoteAddress
    return await proxy.respond(to: request, from: address)
  }
}
