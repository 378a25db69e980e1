import SystemPackage
import WorkspaceFiles

/// One read-modify-write of a config's layer. All functions are blocking.
struct ConfigUpdate<T: Codable & Sendable>: Sendable {
  let writer: ConfigWriter
  let initial: T?
  let change: @Sendable (inout T) throws -> Void

  private var lockPath: FilePath { writer.lockPath }

  func lockedError() -> ConfigError {
    ConfigError(
      code: .locked, config: writer.name,
      message: "another update holds \(lockPath) for over \(Workspace.updateLockWait)",
      advice: "Try again; if a process hangs, end it: the lock goes with it.")
  }

  /// Tries once when it is this update's turn.
  /// - Returns: the new value, nil if another update holds the lock; and when to give up.
  func run<Time>(
    in turn: UpdateGate<Time>.Turn
  ) throws -> (value: T?, deadline: Time.Instant) {
    let deadline = turn.begin()
    do {
      let value = try runIfUnlocked()
      if value != nil { turn.finish() }
      return (value, deadline)
    } catch {
      turn.finish()
      throw error
    }
  }

  /// The new value; nil if another update holds the lock.
  func runIfUnlocked() throws -> T? {
    let lock: FileLock?
    do { lock = try FileLock.tryLock(lockPath) } catch {
      throw ConfigError(
        code: .unwritable, config: writer.name,
        message: "cannot make the lock \(lockPath): \(error)",
        advice: "Updates need a folder data/ that can be written to.")
    }
    guard let lock else { return nil }
    return try withExtendedLifetime(lock) {
      for _ in 0..<Workspace.maximumUpdateAttempts {
        if let value = try attempt() { return value }
      }
      throw ConfigError(
        code: .notSettled, config: writer.name,
        message: "the file was changed by somebody else during each of "
          + "\(Workspace.maximumUpdateAttempts) attempts to update it",
        advice: "Wait until what writes it is done.")
    }
  }

  /// The new value; nil if the file changed meanwhile.
  private func attempt() throws -> T? {
    let destination = try writer.destination(format: nil)
    guard let stamp = destination.stamp else { return try create(at: destination) }
    let loaded = try writer.loader.loadFile(
      destination.path, named: writer.name, format: destination.format)
    guard loaded.layers.first?.stamp == stamp else { return nil }
    let before = try loaded.decode(T.self, validating: false)
    var after = before
    try change(&after)
    try writer.validate(after)
    let tree = loaded.tree.replacing(try writer.encode(before), with: try writer.encode(after))
    if tree == loaded.tree { return after }
    guard ConfigSurvey.presence(at: destination.real) == .file(stamp, link: nil) else {
      return nil
    }
    try writer.write(tree, to: destination)
    return after
  }

  private func create(at destination: ConfigWriter.Destination) throws -> T? {
    guard var value = initial else {
      throw ConfigError(
        code: .missing, config: writer.name,
        message:
          "there is no file of config \(writer.name) to update; it would be \(destination.path)",
        advice: "Save it first, or give an initial value.")
    }
    try change(&value)
    try writer.validate(value)
    try writer.write(try writer.encode(value), to: destination)
    return value
  }
}

extension ConfigTree {
  /// This tree with what differs between `before` and `after` done to it; all else stays as it is, so that keys
  /// that a type does not know survive its being written back.
  func replacing(_ before: ConfigTree, with after: ConfigTree) -> ConfigTree {
    if before == after { return self }
    guard case .table(var table) = value, let old = before.table, let new = after.table else {
      return after
    }
    for entry in old where new[entry.key] == nil { table[entry.key] = nil }
    for entry in new {
      if let was = old[entry.key], let own = table[entry.key] {
        table[entry.key] = own.replacing(was, with: entry.value)
      } else if old[entry.key] != entry.value {
        table[entry.key] = entry.value
      }
    }
    return ConfigTree(.table(table), location: location, origin: origin)
  }
}
