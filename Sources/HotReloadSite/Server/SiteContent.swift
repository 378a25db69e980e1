import HotReload
import HotReloadBrowser
internal import HotReloadContent
import SystemPackage
import WorkspaceTools

/// The templates and assets of a workspace that are in force.
struct SiteContent: Sendable {
  let templates: ParticipantRegistration<TemplateLibrary>
  let assets: ParticipantRegistration<AssetManifest>
  let cache: AssetCache

  /// Where compressed forms are kept, relative to the root; nothing there is watched.
  static let cacheFolder: FilePath = "data/hotreload/assets"

  /// Loads both. What is broken does not keep the server from starting: its pages say so until it is mended.
  static func load(by manager: HotReloadManager) async throws -> SiteContent {
    let cache = AssetCache(folder: manager.workspace.root.appending(cacheFolder.components))
    let assets = try await manager.register(
      AssetBuilder(cache: cache), for: [.assets], name: "assets")
    let compiler = TemplateCompiler(engines: SiteTemplates.engines, policy: .lenient)
    let templates = try await manager.register(compiler, for: [.templates], name: "templates")
    return SiteContent(templates: templates, assets: assets, cache: cache)
  }

  /// What the dashboard shows of both.
  var dashboardSources: (templates: TemplateGraphSource, assets: AssetListSource) {
    let (templates, assets) = (templates, assets)
    return (
      TemplateGraphSource {
        let library = templates.current
        let graph = library.graph
        let problems = Dictionary(
          library.errors.compactMap { error in error.location.map { ($0.file, error.message) } },
          uniquingKeysWith: { first, _ in first })
        let uses = Dictionary(grouping: graph.edges, by: \.user)
        return graph.nodes.map { node in
          let edges = uses[node.path] ?? []
          return TemplateGraphSource.Template(
            path: node.path, uses: Set(edges.compactMap(\.target)).sorted(),
            usesAny: edges.contains { $0.reference.name == nil }, problem: problems[node.path])
        }
      },
      AssetListSource {
        assets.current.all.map { asset in
          AssetListSource.Asset(
            path: asset.path, url: asset.hashedURLPath, digest: asset.digest.description,
            size: asset.size)
        }
      }
    )
  }
}
