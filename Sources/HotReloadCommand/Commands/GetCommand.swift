import ArgumentParser
import HotReload
import WorkspaceFiles
import WorkspaceTools

/// Prints a config, or one value of it.
struct GetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Prints a config with all its layers merged, or one value of it.",
    discussion: """
      A single value is printed plain, for scripts. A whole config or a table is printed with a line for each \
      value. Secrets are hidden unless --show-secrets is given.

      EXAMPLES
        hotreload get app
        port=$(hotreload get app server.port)
        hotreload get app 'servers[2].name' --environment production
        hotreload get app --json | jq .value.server
        hotreload get app server.port --variant treatment

      JSON LINE
        {"event":"value","time":N,"config":"app","keyPath":"server",
         "value":{...}}
      Without "keyPath" for the whole config, with "variant" if one was asked for. Dates are ISO 8601 strings, and inf and nan are \
      strings too.

      TSV LINES
        key path<TAB>value as JSON
      """)

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "The config as this variant has it: with config/NAME@VARIANT.EXT merged.",
      valueName: "variant"))
  var variant: String?

  @Argument(help: ArgumentHelp("The config, such as app or sub/app.", valueName: "config"))
  var name: String

  @Argument(
    help: ArgumentHelp("The value, such as server.port or servers[2].name.", valueName: "key path"))
  var keyPath: String?

  func validate() throws {
    if let keyPath, ConfigKeyPath(keyPath) == nil {
      throw ValidationError("'\(keyPath)' is not a key path; one looks like servers[2].name")
    }
  }

  func run() async throws {
    do {
      let renderer = ConfigRenderer(format: output.chosen, redaction: options.redaction)
      let workspace = try options.workspace()
      let (name, variant, keyPath) = (
        name, variant, keyPath.flatMap { ConfigKeyPath($0) } ?? ConfigKeyPath()
      )
      try await BlockingExecutor.shared.run {
        try Self.get(name, variant, keyPath, in: workspace, renderer, StandardOutput())
      }
    } catch {
      throw workspaceFailure(error)
    }
  }

  private static func get(
    _ name: String, _ variant: String?, _ keyPath: ConfigKeyPath, in workspace: Workspace,
    _ renderer: ConfigRenderer, _ output: StandardOutput
  ) throws {
    let whole: LoadedConfig
    do {
      whole = try ConfigLoader(workspace: workspace).load(name)
    } catch {
      try report(error, of: name, renderer, output)
      throw ExitCode.failure
    }
    guard let config = whole.variant(variant ?? ConfigExperiment.control) else {
      let known = ([ConfigExperiment.control] + whole.variants.map(\.name))
        .joined(separator: ", ")
      logLine(
        printable("hotreload: config \(name) has no variant \(variant ?? ""); it has \(known)"))
      throw ExitCode.failure
    }
    // Redacted as a whole, since the key that makes a value secret may stand above it.
    guard let value = config.tree.redacted(by: renderer.redaction)[keyPath] else {
      logLine("hotreload: " + missing(keyPath, in: config))
      throw ExitCode.failure
    }
    try output.write(
      renderer.value(
        value, of: name, in: variant, at: keyPath, time: nanosecondsSince1970()))
  }

  /// Says where the way ends, and what there would be.
  private static func missing(_ keyPath: ConfigKeyPath, in config: LoadedConfig) -> String {
    var path = keyPath
    var last: ConfigTree?
    while last == nil, !path.components.isEmpty {
      path.components.removeLast()
      last = config.tree[path]
    }
    let place = path.components.isEmpty ? "config \(config.name)" : "\(config.name)'s \(path)"
    let message = "config \(config.name) has no \(keyPath): "
    switch last?.value {
    case .table(let table):
      let keys = table.keys.prefix(20).joined(separator: ", ")
      return printable(message + "\(place) has the keys \(keys.isEmpty ? "none" : keys)")
    case .array(let elements):
      return printable(message + "\(place) has \(elements.count) elements, from 0")
    default: return printable(message + "\(place) is a single value")
    }
  }
}
