import ArgumentParser
import HotReload
import HotReloadContent
import HotReloadSite
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Says what a change of a file concerns.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says what a file is, what depends on it, and why.",
    discussion: """
      For a template: what it takes in, and which templates take it in, each with the places that say so. For an asset: \
      its URL, and the stylesheets that refer to it. For a config's file: which config it is a layer of, and the others.

      EXAMPLES
        hotreload explain templates/partials/header.mustache
        hotreload explain static/logo.svg
        hotreload explain config/app.production.toml --json

      JSON LINES
        {"event":"template","time":N,"path":"...","name":"...","engine":"...",
         "uses":["..."],"dynamic":false,"dependents":["..."]}
        {"event":"asset","time":N,"path":"...","url":"...","digest":"...",
         "size":N,"dependents":["..."]}
        {"event":"config","time":N,"path":"...","config":"app","layers":["..."]}
      """)

  @OptionGroup var options: WorkspaceOptions

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Argument(help: ArgumentHelp("The file, from the root or from here.", valueName: "file"))
  var file: String

  func run() async throws {
    do {
      let workspace = try options.workspace()
      let path = try Self.relative(FilePath(file), to: workspace.root)
      try StandardOutput().write(try await explanation(of: path, in: workspace))
    } catch {
      throw workspaceFailure(error)
    }
  }

  private func explanation(of path: FilePath, in workspace: Workspace) async throws -> [UInt8] {
    let templates = try await workspace.loadFiles(of: .templates)
    let compiler = TemplateCompiler(engines: SiteTemplates.engines, policy: .lenient)
    let library = try await compiler.prepare(
      ReloadChange(generation: 1, changed: [.templates], sets: [.templates: templates]))
    if let template = library.explain(path.string) { return render(template) }
    let assets = AssetManifest(
      try await workspace.loadFiles(of: .assets, configuration: .watchingAssets))
    if let asset = assets[path.string] {
      return render(asset, dependents: assets.dependents(of: path.string))
    }
    let loader = ConfigLoader(workspace: workspace)
    if let (name, layer) = loader.configName(of: path) {
      var candidates = loader.candidates(for: name)
      if let format = ConfigFormat(fileExtension: path.extension ?? ""), layer.variantName != nil {
        let place = candidates.firstIndex { $0.layer > layer } ?? candidates.endIndex
        candidates.insert(ConfigCandidate(path: path, layer: layer, format: format), at: place)
      }
      return render(path, layerOf: name, candidates.map(\.path), in: workspace)
    }
    throw NothingKnown(file: path, root: workspace.root)
  }

  private func render(_ template: TemplateExplanation) -> [UInt8] {
    guard json else {
      let lines = template.description.split(separator: "\n").map { printable(String($0)) }
      return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
    var line = JSONLine(event: "template")
    line.add("path", template.path)
    line.add("name", template.name)
    line.add("engine", template.engine)
    line.add("uses", template.uses.map(\.target))
    line.add("dynamic", template.isDynamic)
    line.add("dependents", template.dependents.map(\.path))
    return line.finished()
  }

  private func render(_ asset: Asset, dependents: [String]) -> [UInt8] {
    guard json else {
      var lines = ["\(asset.path) (\(asset.contentType)), at \(asset.hashedURLPath)"]
      if dependents.isEmpty { lines.append("  no other asset depends on it") }
      lines += dependents.map { "  \($0) refers to it, so its URL changes with it" }
      return Array((lines.map { printable($0) }.joined(separator: "\n") + "\n").utf8)
    }
    var line = JSONLine(event: "asset")
    line.add("path", asset.path)
    line.add("url", asset.hashedURLPath)
    line.add("digest", asset.digest.description)
    line.add("size", asset.size)
    line.add("dependents", dependents)
    return line.finished()
  }

  private func render(
    _ path: FilePath, layerOf name: String, _ candidates: [FilePath], in workspace: Workspace
  ) -> [UInt8] {
    let layers = candidates.filter {
      SystemCalls.kind(of: workspace.root.appending($0.components)) != nil
    }
    guard json else {
      var lines = ["\(path) is a layer of config \(name); later ones win:"]
      lines += layers.map { "  \($0)" }
      return Array((lines.map { printable($0) }.joined(separator: "\n") + "\n").utf8)
    }
    var line = JSONLine(event: "config")
    line.add("path", path: path)
    line.add("config", name)
    line.add("layers", layers.map(\.string))
    return line.finished()
  }

  /// A path from the root, given from the root or from the current folder.
  private static func relative(_ path: FilePath, to root: FilePath) throws -> FilePath {
    let absolute = path.isAbsolute ? path : try SystemCalls.currentDirectory().pushing(path)
    for candidate in [absolute, root.pushing(path)] {
      var normal = candidate.lexicallyNormalized()
      guard normal.removePrefix(root.lexicallyNormalized()) else { continue }
      return normal
    }
    throw NothingKnown(file: path, root: root)
  }
}

/// The file is nothing that anything could depend on.
private struct NothingKnown: Error, CustomStringConvertible {
  let file: FilePath
  let root: FilePath

  var description: String {
    "\(printable(file)) is no template, asset or config of \(printable(root)). Templates are in templates/, assets in "
      + "static/ or assets/, configs in config/."
  }
}

extension HotReloadConfiguration {
  /// What `serve` watches.
  static var watchingAssets: HotReloadConfiguration {
    HotReloadConfiguration(watchPatterns: defaultWatchPatterns + ["assets/**/*"])
  }
}
