import SystemPackage
import WorkspaceFiles

/// Makes one value of the files of a config, in memory.
struct ConfigAssembly {
  let loader: ConfigLoader
  let name: String
  /// Whether it is all files of the config, rather than one of them by itself.
  var isWhole = true

  /// The config with all its variants.
  func assemble(
    _ files: [(candidate: ConfigCandidate, file: StableFile)]
  ) throws(ConfigError) -> LoadedConfig {
    let layers = try parse(files)
    let names = layers.compactMap(\.layer.variantName)
    let isPlain =
      names.isEmpty && layers.allSatisfy { $0.tree.table?[ConfigExperiment.key] == nil }
    if isPlain || !isWhole { return try assemble(layers) }
    try check(layers)
    let own = layers.filter { $0.layer.variantName == nil }
    var config = try assemble(own, files: layers)
    var wrong: [ConfigDiagnostic] = []
    for name in names {
      let merged = layers.filter { $0.layer.variantName == nil || $0.layer.variantName == name }
      do { config.variants.append(ConfigVariant(name: name, config: try assemble(merged))) } catch {
        wrong += error.diagnostics.filter { !wrong.contains($0) }
      }
    }
    guard wrong.isEmpty else {
      throw ConfigError(code: .substitution, config: name, diagnostics: wrong)
    }
    var reading = ExperimentReading(config: name, variants: Set(names))
    config.experiment = reading.read(config.tree)
    guard reading.diagnostics.isEmpty else {
      throw ConfigError(code: .variants, config: name, diagnostics: reading.diagnostics)
    }
    return config
  }

  /// Refuses overlays that cannot be any.
  private func check(_ layers: [LoadedLayer]) throws(ConfigError) {
    var wrong: [ConfigDiagnostic] = []
    let overlays = layers.filter { $0.layer.variantName != nil }
    for overlay in overlays {
      let settings = overlay.tree.table?.first { $0.key == ConfigExperiment.key }
      if let settings {
        wrong.append(
          ConfigDiagnostic(
            location: settings.keyLocation ?? settings.value.location, keyPath: settings.key,
            message: "belongs in the config, not in a variant's overlay"))
      }
    }
    if overlays.count > ConfigVariant.maximumCount {
      wrong.append(
        ConfigDiagnostic(
          location: nil,
          message: "config \(name) has \(overlays.count) variants; at most "
            + "\(ConfigVariant.maximumCount) are possible"))
    }
    guard wrong.isEmpty else {
      throw ConfigError(code: .variants, config: name, diagnostics: wrong)
    }
  }

  /// One value of these layers.
  ///
  /// - Parameter files: all that the config came from; nil for the layers.
  private func assemble(
    _ layers: [LoadedLayer], files: [LoadedLayer]? = nil
  ) throws(ConfigError) -> LoadedConfig {
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
      name: name, tree: tree, layers: files ?? layers, referencedFiles: interpolated.files,
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
      if let problem = candidate.layer.variantName.flatMap(VariantName.problem) {
        diagnostics.append(
          ConfigDiagnostic(
            location: SourceLocation(source: candidate.path.string), message: problem))
        continue
      }
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
