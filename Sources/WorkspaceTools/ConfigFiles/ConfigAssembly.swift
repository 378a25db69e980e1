import SystemPackage
import WorkspaceFiles

/// Makes one value of the files of a config, in memory.
struct ConfigAssembly {
  let loader: ConfigLoader
  let name: String

  func assemble(
    _ files: [(candidate: ConfigCandidate, file: StableFile)]
  ) throws(ConfigError) -> LoadedConfig {
    let layers = try parse(files)
    var merged = layers.first?.tree ?? ConfigTree(ConfigTable())
    for layer in layers.dropFirst() { merged = merged.merging(layer.tree) }
    let interpolated = interpolate(merged)
    let variables = try environmentLayer()
    let topped = variables?.applied(to: interpolated.tree)
    let tree = topped?.tree ?? interpolated.tree
    // What a variable replaced need not have been replaceable itself.
    let diagnostics =
      interpolated.diagnostics.filter { tree[$0.keyPath] == interpolated.tree[$0.keyPath] }
      + (topped?.diagnostics ?? [])
    guard diagnostics.isEmpty else {
      throw ConfigError(code: .substitution, config: name, diagnostics: diagnostics)
    }
    return LoadedConfig(
      name: name, tree: tree, layers: layers, referencedFiles: interpolated.files,
      environmentVariables: variables?.variables.map(\.name) ?? [],
      layerTrees: layerTrees(layers, variables))
  }

  private var environment: [String: String] {
    loader.options.processEnvironment ?? loader.workspace.environment.variables
  }

  private func interpolate(_ tree: ConfigTree) -> Interpolation.Result {
    guard loader.options.interpolation else {
      return Interpolation.Result(tree: tree, diagnostics: [], files: [])
    }
    return Interpolation(
      environment: environment, root: loader.interpolationRoot ?? loader.workspace.root
    ).applied(to: tree)
  }

  /// The variables that concern this config; nil if there are none, or they are not asked for.
  private func environmentLayer() throws(ConfigError) -> EnvironmentLayer? {
    guard loader.options.environmentVariables,
      !EnvironmentLayer(config: name, environment: environment).isEmpty
    else { return nil }
    // `SUB__APP__PORT` is of config `sub/app`, if there is one, rather than of `sub`.
    let others: [String]
    do { others = try loader.names() } catch {
      throw ConfigError(
        code: .unreadable, config: name,
        message: "the other configs' names, which tell whose a variable is, are unknown: \(error)")
    }
    let layer = EnvironmentLayer(
      config: name, environment: environment, otherConfigs: others.filter { $0 != name })
    return layer.isEmpty ? nil : layer
  }

  /// Each layer by itself, for types that merge their layers themselves.
  private func layerTrees(
    _ layers: [LoadedLayer], _ variables: EnvironmentLayer?
  ) -> [Result<ConfigTree, ConfigError>] {
    var trees = layers.map { layer -> Result<ConfigTree, ConfigError> in
      let result = interpolate(layer.tree)
      return result.diagnostics.isEmpty
        ? .success(result.tree)
        : .failure(
          ConfigError(code: .substitution, config: name, diagnostics: result.diagnostics))
    }
    if let variables {
      trees.append(.success(variables.applied(to: ConfigTree(ConfigTable())).tree))
    }
    return trees
  }

  /// Parses every file; what is wrong in all of them is told at once.
  private func parse(
    _ files: [(candidate: ConfigCandidate, file: StableFile)]
  ) throws(ConfigError) -> [LoadedLayer] {
    var layers: [LoadedLayer] = []
    var diagnostics: [ConfigDiagnostic] = []
    for (candidate, file) in files {
      do {
        let tree = try candidate.format.parse(file.bytes, file: candidate.path.string)
        layers.append(
          LoadedLayer(
            path: candidate.path, layer: candidate.layer, format: candidate.format,
            stamp: file.stamp, resolvedPath: file.resolvedPath, bytes: file.bytes,
            digest: ContentDigest(of: file.bytes), tree: tree))
      } catch {
        diagnostics.append(error)
      }
    }
    guard diagnostics.isEmpty else {
      throw ConfigError(code: .parse, config: name, diagnostics: diagnostics)
    }
    return layers
  }
}
