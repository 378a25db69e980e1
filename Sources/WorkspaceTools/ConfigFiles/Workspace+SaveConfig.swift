public import SystemPackage
import WorkspaceFiles

extension Workspace {
  /// Writes a value as one layer of config `name`, in one step: whoever reads sees the old or the new.
  ///
  /// What was in the file is replaced, comments too. A link inside the root is written through and stays.
  ///
  /// - Parameters:
  ///   - value: one that is ``ValidatedConfig`` is refused if it makes no sense.
  ///   - name: such as `app`.
  ///   - format: nil keeps the format of the file that is there; a new base is TOML, a new overlay is like its base.
  ///   - layer: which file; the base by default.
  /// - Returns: the path that was written, relative to the root.
  /// - Throws: ``ConfigError``; `outsideRoot` if the file is behind a link that leads out of the root.
  @discardableResult
  public func saveConfig<T: Encodable & Sendable>(
    _ value: T, to name: String, format: ConfigFormat? = nil, layer: ConfigLayer = .base
  ) async throws -> FilePath {
    let loader = ConfigLoader(workspace: self)
    return try await BlockingExecutor.shared.run {
      let writer = try ConfigWriter(loader: loader, name: name, layer: layer)
      try writer.validate(value)
      let tree = try writer.encode(value)
      let destination = try writer.destination(format: format)
      try writer.write(tree, to: destination)
      return destination.path
    }
  }

  /// How long ``updateConfig(_:as:layer:initial:_:)`` waits at most while updates of the config are tried and
  /// none gets done in this process. Waiting in a line that moves does not count.
  public static let updateLockWait = Duration.seconds(5)
  /// The time between two looks at a lock that another holds.
  static let updateLockInterval = Duration.milliseconds(5)
  /// How often an update starts over if somebody without the lock, such as an editor, writes meanwhile.
  public static let maximumUpdateAttempts = 5

  /// Changes one layer of config `name`: reads it, lets `change` work on the value, and writes it back.
  ///
  /// Updates of one config exclude each other, in this process and others on this machine, by an advisory
  /// lock under `data/locks/`, so that none is lost. Keys that `T` does not know stay as they are; comments
  /// are lost. Nothing is written if nothing changed.
  ///
  /// - Parameters:
  ///   - name: such as `app`.
  ///   - layer: which file to change, the base by default. That file alone is read: what overlays say does not
  ///     get into the base.
  ///   - initial: what `change` starts from where there is no such file; nil makes that an error.
  ///   - change: may be called again if the file was changed meanwhile. Runs on a thread that may block.
  /// - Returns: the value as it is now in the file.
  /// - Throws: ``ConfigError``; `locked` if another update holds the lock for ``updateLockWait``, or too many
  ///   wait. Whatever `change` throws, without writing.
  @discardableResult
  public func updateConfig<T: Codable & Sendable>(
    _ name: String, as type: T.Type = T.self, layer: ConfigLayer = .base, initial: T? = nil,
    _ change: @escaping @Sendable (inout T) throws -> Void
  ) async throws -> T {
    let update = ConfigUpdate(
      writer: try ConfigWriter(loader: ConfigLoader(workspace: self), name: name, layer: layer),
      initial: initial, change: change)
    let gate = shared(UpdateGate<ContinuousClock>.self) { UpdateGate(clock: .continuous) }
    do {
      let value: T? = try await gate.run(name, patience: Self.updateLockWait) { turn in
        while true {
          let (value, deadline) = try await BlockingExecutor.shared.run {
            try update.run(in: turn)
          }
          if let value { return value }
          guard ContinuousClock.now < deadline else { return nil }
          try await Task.sleep(for: Self.updateLockInterval)
        }
      }
      if let value { return value }
    } catch is UpdateRefusal {
    }
    throw update.lockedError()
  }
}
