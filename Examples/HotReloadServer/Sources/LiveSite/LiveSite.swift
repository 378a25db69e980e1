import HotReload
import HotReloadBrowser
import HotReloadContent
import HotReloadMustache
import HotReloadServer
import Hummingbird
import WorkspaceTools

struct SiteConfig: Codable, Sendable {
  var title: String
  var text: String
}

@main
struct LiveSite {
  static func main() async throws {
    let workspace = try Workspace.resolve()
    let manager = try await workspace.startHotReload()
    let templates = try await manager.register(
      TemplateCompiler(engines: [MustacheEngine()]), for: [.templates])
    let assets = try await manager.register(AssetBuilder(), for: [.assets])
    let site = try await manager.watchConfigChanges("site", as: SiteConfig.self)

    let live = LiveReload(manager: manager, assets: assets)
    let router = Router()
    router.add(middleware: LiveReloadMiddleware(live))  // this one line is for development only
    router.add(middleware: AssetMiddleware(root: workspace.root) { assets.current })
    router.get("/") { _, _ in
      RenderUsage.current?.note(.config("site"))  // so that the page changes with the config
      let context = try RenderContext(
        encoding: ["site": site.current], asset: { try assets.current.requiredURL(for: $0) })
      return Response(
        status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
        body: ResponseBody(
          byteBuffer: ByteBuffer(string: try templates.current.render("pages/index", context))))
    }
    try await Application(
      router: router, server: .http1(live: live),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 8081)),
      services: [manager, live]
    ).runService()
  }
}
