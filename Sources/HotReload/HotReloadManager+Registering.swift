import FileWatching
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

extension HotReloadManager {
  /// A typed, always current view of a config.
  ///
  /// Every file that the config may come from is watched from then on. Its variants are decoded into the type too, and
  /// none of it comes into force unless all are good. Streams of the same config and type
  /// share the work: each version is decoded once.
  ///
  /// - Parameters:
  ///   - name: the config's name, such as `app` or `sub/app`.
  ///   - type: what to decode it into.
  /// - Throws: ``HotReloadError`` with the code `configRejected` and all that is wrong, if there is no good value to
  ///   begin with; `shutDown`; `paused`; `cannotWatch`; `reentrant` from within a handler, validator or participant.
  public func watchConfigChanges<T: Decodable & Sendable>(
    _ name: String, as type: T.Type = T.self
  ) async throws -> ConfigStream<T> {
    try Reentrancy.check("watchConfigChanges(_:as:)")
    try await load(.config(name))
    let slot: ValueSlot<T> = try await driver.slot(
      for: .config(name), key: .type(ObjectIdentifier(type))
    ) { content, validating in
      guard let config = content.config else { throw HotReloadError.rejected(.config(name), []) }
      return try MadeValue(config, validating: validating)
    }
    return ValueStream(slot: slot)
  }

  /// An always current view of raw files that belong together, such as a certificate and its key: they are read as
  /// they were at one moment, and come into force as one.
  ///
  /// ```swift
  /// let pair = try await manager.watchFiles("tls", ["secret/tls.crt", "secret/tls.key"]) { files in
  ///   try makeTLSContext(certificate: files["secret/tls.crt"], key: files["secret/tls.key"])
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - group: a name of the program's choice, by which events and participants call the files.
  ///   - paths: relative to the root; links are followed, out of the root only if the load options allow it.
  ///   - make: makes the value of each version. If it throws, the files do not come into force. It may block.
  /// - Throws: as ``watchConfigChanges(_:as:)``; also `invalidConfiguration` if the group is known with other files.
  public func watchFiles<T: Sendable>(
    _ group: String, _ paths: [FilePath], make: @escaping @Sendable (FileGroup) throws -> T
  ) async throws -> FileStream<T> {
    try Reentrancy.check("watchFiles(_:_:make:)")
    try await watch(group, paths)
    let slot: ValueSlot<T> = try await driver.slot(
      for: .files(group), key: .own(driver.newNumber())
    ) { content, _ in
      guard let files = content.files else { throw HotReloadError.rejected(.files(group), []) }
      return MadeValue(try make(files))
    }
    return ValueStream(slot: slot)
  }

  /// The same, of the files as they are.
  public func watchFiles(
    _ group: String, _ paths: [FilePath]
  ) async throws -> FileStream<FileGroup> {
    try await watchFiles(group, paths) { $0 }
  }

  private func watch(_ group: String, _ paths: [FilePath]) async throws {
    guard !paths.isEmpty else {
      throw HotReloadError(
        code: .invalidConfiguration, message: "file group \(group) must have at least one file")
    }
    try driver.groups.add(group, paths)
    try await load(.files(group))
  }

  /// Adds somebody who makes something of configs, file groups, templates or assets, and has it made of what is in force.
  ///
  /// From then on each change of any of them comes into force only together with what the participant made of it.
  ///
  /// - Parameters:
  ///   - participant: makes the products; see ``ReloadParticipant``.
  ///   - units: configs, file groups that ``watchFiles(_:_:make:)`` was called for, ``UnitID/templates`` and
  ///     ``UnitID/assets``; the last two are all files of that kind that are watched.
  ///   - name: as errors and the log call it; nil for the name of its type.
  /// - Returns: the product in force, always current. Letting go of it does not unregister the participant.
  /// - Throws: ``HotReloadError`` with the code `participantRefused` if it cannot make anything of what is in force; else
  ///   as ``watchConfigChanges(_:as:)``.
  @discardableResult
  public func register<P: ReloadParticipant>(
    _ participant: P, for units: Set<UnitID>, name: String? = nil
  ) async throws -> ParticipantRegistration<P.Product> {
    try Reentrancy.check("register(_:for:name:)")
    for unit in units.sorted() {
      if case .file = unit {
        throw HotReloadError(
          code: .invalidConfiguration,
          message:
            "a participant can be registered for configs, file groups, templates and assets, "
            + "not for \(unit)")
      }
      if unit.isContent { driver.sets.add(unit, by: driver.classifier) }
      if let group = unit.fileGroupName, driver.groups.paths(of: group) == nil {
        throw HotReloadError(
          code: .invalidConfiguration,
          message: "there is no file group \(group); call watchFiles(_:_:) first")
      }
      try await load(unit)
    }
    return try await driver.join(participant, as: name ?? "\(P.self)", units: units)
  }

  /// Sees to it that a unit is watched, and in force if it is good.
  private func load(_ unit: UnitID) async throws {
    try await demand(unit)
    guard driver.cell.storage.units[unit] == nil else { return }
    let report = try await driver.submit(
      Candidate(producer: .registration, scope: .units([unit])))
    guard driver.cell.storage.units[unit] == nil else { return }
    throw HotReloadError.rejected(unit, report.outcome(of: unit)?.diagnostics ?? [])
  }

  private func demand(_ unit: UnitID) async throws {
    guard !demanded.withLock({ $0.contains(unit) }) else { return }
    let paths =
      unit.configName.map(driver.configs.candidates)
      ?? unit.fileGroupName.flatMap(driver.groups.paths) ?? []
    do {
      try await source.demand(paths, for: WatchPlan.configs)
    } catch {
      throw !isEnding
        ? HotReloadError(
          code: .cannotWatch, message: "the files of \(unit) cannot be watched: \(error)")
        : .shutDown
    }
    demanded.withLock { _ = $0.insert(unit) }
  }

  /// Asks `validator` about each new version of a config before it comes into force, and about the one in force now; of
  /// a config with variants, about each of them.
  ///
  /// - Parameters:
  ///   - name: the config's name; there need not be such a config yet.
  ///   - validator: throws if the version must not come into force: `ConfigProblems`, or any other error.
  ///     It may wait, but not for this manager, and has ten seconds.
  /// - Throws: ``HotReloadError`` with the code `configRejected` if the version in force does not pass; then the
  ///   validator is not registered. `shutDown`, or `reentrant` from within a handler, validator or participant.
  @discardableResult
  public func registerValidator(
    config name: String,
    _ validator: @escaping @Sendable (LoadedConfig) async throws -> Void
  ) async throws -> ValidatorRegistration {
    try Reentrancy.check("registerValidator(config:_:)")
    return try await driver.addValidator(for: name, validator)
  }

  /// The same with the config decoded into a type.
  @discardableResult
  public func registerValidator<T: Decodable & Sendable>(
    config name: String, as type: T.Type,
    _ validator: @escaping @Sendable (T) async throws -> Void
  ) async throws -> ValidatorRegistration {
    try await registerValidator(config: name) { config in
      try await validator(config.decode(type, validating: false))
    }
  }
}
