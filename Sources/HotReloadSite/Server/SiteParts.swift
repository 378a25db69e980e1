import HotReload
import HotReloadBrowser
internal import HotReloadContent
import HotReloadServer
import Hummingbird
import Logging
import WorkspaceTools

/// What a development server is put together from.
struct SiteParts: Sendable {
  let options: SiteOptions
  let manager: HotReloadManager
  let live: LiveReload
  let dashboard: Dashboard
  /// The workspace's own pages; nil for a program's.
  let content: SiteContent?
  /// The program whose pages are shown; nil for the workspace's own.
  let proxy: DevelopmentProxy?
  /// Tells what becomes of that program, if we run it.
  let build: BuildMonitor?

  init(_ manager: HotReloadManager, _ options: SiteOptions) async throws {
    self.options = options
    self.manager = manager
    var liveOptions = LiveReloadOptions(
      policy: RequestPolicy(allowedHosts: options.allowedHosts), redaction: options.redaction,
      logger: options.logger)
    var sources = Dashboard.Sources(sections: options.sections)
    switch options.pages {
    case .workspace:
      let content = try await SiteContent.load(by: manager)
      self.content = content
      liveOptions.assetChanges = LiveAssetChange.withDigests(of: content.assets)
      let shown = content.dashboardSources
      sources.templates = shown.templates
      sources.assets = shown.assets
    case .program:
      content = nil
      // Nothing is made of them here; but browsers are told of their changes.
      for unit in [UnitID.templates, .assets] {
        try await manager.register(FileKeeper(unit: unit), for: [unit], name: unit.description)
      }
    }
    let live = LiveReload(manager: manager, options: liveOptions)
    self.live = live
    dashboard = Dashboard(manager, sources: sources, redacting: options.redaction)
    live.add(dashboard)
    guard case .program(let upstream, let isRunByUs) = options.pages else {
      (proxy, build) = (nil, nil)
      return
    }
    let build = isRunByUs ? BuildMonitor(announcingTo: live) : nil
    self.build = build
    proxy = DevelopmentProxy(to: upstream, build: build) { live.announceReturn() }
  }
}

/// Keeps the files of a unit as they are.
private struct FileKeeper: ReloadParticipant {
  let unit: UnitID

  func prepare(_ change: ReloadChange) async throws -> FileSet {
    change.files(of: unit) ?? FileSet()
  }
}
