import HotReload
import HotReloadBrowser
import HotReloadServer
import Hummingbird
import HummingbirdCore
import NIOCore

/// What a request goes through: who may ask, the tool's own pages, the assets, and then the pages.
enum SiteRouter {
  typealias Responder = RouterResponder<SiteRequestContext>

  static func responder(of parts: SiteParts) throws(HotReloadError) -> Responder {
    let router = Router(context: SiteRequestContext.self)
    // Before whatever is timed, so that an open socket or stream is no slow request.
    router.add(middleware: LiveReloadMiddleware(parts.live))
    router.add(middleware: RequestTimerMiddleware(parts.dashboard.timer))
    if let content = parts.content {
      router.add(
        middleware: AssetMiddleware(root: parts.manager.contentRoot, cache: content.cache) {
          content.assets.current
        })
      let pages = SitePages(
        manager: parts.manager, templates: content.templates, assets: content.assets,
        logger: parts.options.logger)
      try parts.manager.reportProblems(of: "pages") { pages.problems() }
      router.add(middleware: SitePagesMiddleware(pages: pages))
    } else if let proxy = parts.proxy {
      router.add(middleware: ProxyMiddleware(responder: ProxyResponder(proxy)))
    }
    return router.buildResponder()
  }
}

/// The proxy at the end of a router's middleware.
private struct ProxyMiddleware: RouterMiddleware {
  let responder: ProxyResponder<SiteRequestContext>

  func handle(
    _ request: Request, context: SiteRequestContext,
    next: (Request, SiteRequestContext) async throws -> Response
  ) async throws -> Response {
    try await responder.respond(to: request, context: context)
  }
}

/// A request's circumstances: also where it came from, which a program behind a proxy is told.
struct SiteRequestContext: RequestContext, RemoteAddressRequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}
