public import SystemPackage
import WorkspaceFiles

extension Workspace {
  /// Copies a config file, as it is now, into `data/backups/configs/`, with its permissions. What is in it need not
  /// be well-formed. The oldest backups of the file beyond the limits are removed.
  ///
  /// The file is read and written off the cooperative pool; processes exclude each other by a lock in `data/locks/`.
  ///
  /// - Parameters:
  ///   - path: such as `config/app.toml`: relative to the root, or absolute and in it.
  ///   - generation: the generation that has this content, for the backup's name.
  ///   - limits: how many backups are kept.
  /// - Throws: ``ConfigError``: `invalidName` if it is no config file, `missing`, `unreadable`, `notSettled` and
  ///   `outsideRoot` as loading has them, `unwritable` if the backup cannot be written.
  @discardableResult
  public func createConfigBackup(
    of path: FilePath, generation: UInt64? = nil,
    limits: ConfigBackupLimits = ConfigBackupLimits()
  ) async throws -> ConfigBackup {
    let loader = ConfigLoader(workspace: self)
    return try await BlockingExecutor.shared.run {
      let source = try relativeConfigPath(path)
      guard let file = try loader.content(of: source, layer: .base, of: source.string) else {
        throw ConfigError(
          code: .missing, config: source.string, message: "is not there", file: source)
      }
      return try ConfigBackupStore(workspace: self, limits: limits)
        .add(file, generation: generation)
    }
  }

  /// The backups that there are, the newest first.
  ///
  /// - Parameter path: a config file, relative to the root, or absolute and in it; nil for all.
  /// - Throws: ``ConfigError`` with `invalidName` if it is no config file.
  public func configBackups(of path: FilePath? = nil) async throws -> [ConfigBackup] {
    try await BlockingExecutor.shared.run {
      let source = try path.map { try relativeConfigPath($0) }
      return ConfigBackupStore(workspace: self, limits: ConfigBackupLimits()).list(of: source)
    }
  }

  /// Puts a backup back, content and permissions, in one step. What is there has a backup first; a link is
  /// written through or refused as ``saveConfig(_:to:format:layer:)`` does.
  ///
  /// - Parameters:
  ///   - backup: one of ``configBackups(of:)``.
  ///   - limits: how many backups are kept.
  /// - Returns: the path that was written, relative to the root.
  /// - Throws: ``ConfigError``; `duplicateBase` or `duplicateOverlay` if a file of another format has taken the
  ///   layer's place meanwhile.
  @discardableResult
  public func restoreConfigBackup(
    _ backup: ConfigBackup, limits: ConfigBackupLimits = ConfigBackupLimits()
  ) async throws -> FilePath {
    let loader = ConfigLoader(workspace: self)
    return try await BlockingExecutor.shared.run {
      try loader.restore(try loader.plan(restoring: backup), limits: limits)
      return backup.source
    }
  }

  /// The path of a config file relative to the root, however it was given.
  private func relativeConfigPath(_ path: FilePath) throws(ConfigError) -> FilePath {
    var relative = path
    if path.isAbsolute, !relative.removePrefix(root),
      let real = try? SystemCalls.realPath(root)
    {
      _ = relative.removePrefix(real)
    }
    guard ConfigFiles.parse(relative) != nil else {
      throw ConfigError(
        code: .invalidName, config: path.string, message: "is no config file", file: path,
        advice: "Give a path such as config/app.toml, relative to \(root).")
    }
    return relative
  }
}

extension ConfigLoader {
  /// The plan that writes one backup's file and nothing else.
  fileprivate func plan(restoring backup: ConfigBackup) throws(ConfigError) -> ConfigRestorePlan {
    guard let parsed = ConfigFiles.parse(backup.source),
      let format = ConfigFormat(fileExtension: backup.source.extension ?? "")
    else {
      throw ConfigError(
        code: .invalidName, config: backup.source.string, message: "is no config file",
        file: backup.source)
    }
    let layer = ConfigLayer(suffix: parsed.suffix)
    try checkPlace(of: backup.source, layer: layer, config: parsed.name)
    let kept: StableFile
    do {
      kept = try readStably(
        workspace.root.pushing(backup.path), limit: options.maximumFileSize)
    } catch {
      throw ConfigError(
        code: .unreadable, config: parsed.name, message: "the backup cannot be read: \(error)",
        file: backup.path)
    }
    let file = RecordedLayer(
      path: backup.source, layer: layer, format: format,
      mode: FilePermissions(rawValue: CInterop.Mode(truncatingIfNeeded: kept.stamp.mode)),
      bytes: kept.bytes)
    return ConfigRestorePlan(config: parsed.name, writes: [file], removals: [], unchanged: [])
  }

  /// Refuses a file beside another one that is the same layer.
  private func checkPlace(
    of path: FilePath, layer: ConfigLayer, config name: String
  ) throws(ConfigError) {
    let folder = workspace.root
    let all = ConfigFiles.candidates(
      for: name, in: workspace.environment.name, writing: layer)
    let isFallback = all.contains { $0.path == path && $0.isFallback }
    let others = all.filter {
      $0.layer == layer && $0.path != path && $0.isFallback == isFallback
        && ConfigSurvey.presence(at: folder.pushing($0.path)).isClaim
    }
    guard let other = others.first else { return }
    let paths = [other.path, path]
    throw ConfigError(
      code: layer == .base ? .duplicateBase(paths) : .duplicateOverlay(paths), config: name,
      message: "would be a second \(layer) layer of config \(name), beside \(other.path)",
      file: path, advice: "Remove \(other.path) first.")
  }
}
