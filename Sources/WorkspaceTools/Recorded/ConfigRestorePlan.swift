public import SystemPackage

/// What has to be done so that the files of a config are as they were kept.
public struct ConfigRestorePlan: Sendable, Hashable {
  /// The config.
  public let config: String
  /// The files to write, in the order they are merged.
  public let writes: [RecordedLayer]
  /// The files to remove: other layers of the config, relative to the root.
  public let removals: [FilePath]
  /// The files that are as they were already.
  public let unchanged: [FilePath]

  /// Whether there is nothing to do.
  public var isEmpty: Bool { writes.isEmpty && removals.isEmpty }
}

/// What a restore did.
public struct ConfigRestoreResult: Sendable, Hashable {
  /// The files that were written, relative to the root.
  public let written: [FilePath]
  /// The files that were removed, relative to the root.
  public let removed: [FilePath]
  /// What was there before, one backup for each file that was replaced or removed.
  public let backups: [ConfigBackup]
}

extension ConfigLoader {
  /// Finds out what to do so that config `name` is as it was kept: each layer, and no other. Blocking; changes nothing.
  ///
  /// Where the kept base is in `config/`, a file at the root that it hides stays.
  ///
  /// - Parameter layers: in the order they are merged, the base first, of this environment.
  /// - Throws: ``ConfigError``; `missing` if there is no base among the layers, `invalidName` if one of them is of
  ///   another config or environment, `outsideRoot` and `unwritable` as saving has them.
  public func restorePlan(
    for name: String, to layers: [RecordedLayer]
  ) throws(ConfigError) -> ConfigRestorePlan {
    try ConfigName.check(name)
    guard let base = layers.first, base.layer == .base else {
      throw ConfigError(
        code: .missing, config: name, message: "what was kept of config \(name) has no base")
    }
    var writes: [RecordedLayer] = []
    var unchanged: [FilePath] = []
    for layer in layers {
      guard let owner = configName(of: layer.path), owner == (name, layer.layer) else {
        throw ConfigError(
          code: .invalidName, config: name,
          message: "is no \(layer.layer) layer of config \(name) in the environment "
            + workspace.environment.name,
          file: layer.path, advice: "Restore it in the environment in which it was kept.")
      }
      if try isAsKept(layer, of: name) {
        unchanged.append(layer.path)
      } else {
        writes.append(layer)
      }
    }
    let kept = Set(layers.map(\.path))
    let all = try plan(for: name).candidates
    let isFallback = all.contains { $0.isFallback && $0.path == base.path }
    let removals = all.filter { candidate in
      !kept.contains(candidate.path) && (!candidate.isFallback || isFallback)
        && ConfigSurvey.presence(at: workspace.root.pushing(candidate.path)).isClaim
    }
    return ConfigRestorePlan(
      config: name, writes: writes, removals: removals.map(\.path), unchanged: unchanged)
  }

  private func isAsKept(_ layer: RecordedLayer, of name: String) throws(ConfigError) -> Bool {
    guard let now = try content(of: layer.path, layer: layer.layer, of: name) else { return false }
    return now.bytes == layer.bytes && now.mode == layer.mode
  }

  /// What is in a file of a config now; nil if there is no such file.
  ///
  /// - Throws: what loading it would throw; a link that leads nowhere is no file.
  func content(
    of path: FilePath, layer: ConfigLayer, of name: String
  ) throws(ConfigError) -> RecordedLayer? {
    guard let format = ConfigFormat(fileExtension: path.extension ?? "") else {
      throw .unknownFormat(path.extension ?? "", of: path)
    }
    // By itself each file is a base.
    let candidate = ConfigCandidate(path: path, layer: .base, format: format)
    let plan = ConfigPlan(root: workspace.root, candidates: [candidate])
    guard ConfigSurvey(plan).presences.contains(where: \.isClaim) else { return nil }
    do {
      return try read(name, by: { () throws(ConfigError) in plan }).first.map { found in
        RecordedLayer(
          path: path, layer: layer, format: format,
          mode: FilePermissions(rawValue: CInterop.Mode(truncatingIfNeeded: found.file.stamp.mode)),
          bytes: found.file.bytes)
      }
    } catch {
      if error.code == .missing { return nil }
      throw error
    }
  }
}
