import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Writes what a driver does into a journal, and reads from it what the next process starts with.
final class JournalRecorder: ReloadRecorder {
  typealias Memory = TransactionMachine<UnitContent>.Memory

  private struct State {
    /// The attempts whose contents are on trial.
    var open: [(id: AttemptID, units: Set<UnitID>)] = []
    /// The fingerprint of what each unit was last put in force with, for what is told of it afterwards.
    var fingerprints: [UnitID: (content: UnitContent, fingerprint: ContentDigest)] = [:]
  }

  let journal: Journal
  private let environment: String
  private let state = Mutex(State())

  private init(journal: Journal, environment: String) {
    self.journal = journal
    self.environment = environment
  }

  /// Opens the instance's journal; blocking. What is wrong with it is logged.
  static func open(
    for workspace: Workspace, _ configuration: HotReloadConfiguration
  ) -> (recorder: JournalRecorder, memory: Memory) {
    let logger = configuration.logger
    let options = JournalOptions(
      instance: configuration.instance, limits: configuration.journalLimits,
      backups: configuration.backupOnChange ? configuration.backupLimits : nil,
      onHealthChange: { health in
        switch health {
        case .healthy: logger.notice("the journal is written again")
        case .degraded(let reason):
          logger.warning("the journal cannot be written", metadata: ["reason": "\(reason)"])
        }
      })
    let journal = Journal.open(in: workspace, options: options)
    for finding in journal.opening.findings {
      logger.warning("something is wrong with the journal", metadata: ["finding": "\(finding)"])
    }
    for key in journal.opening.newlyQuarantined {
      logger.error(
        "the process died repeatedly while this content was on trial; it does not come into force",
        metadata: ["unit": "\(key.unit)"])
    }
    let recorder = JournalRecorder(
      journal: journal, environment: workspace.environment.name)
    let loader = ConfigLoader(workspace: workspace, options: configuration.loadOptions)
    return (
      recorder,
      recorder.memory(by: loader) { unit, reason in
        logger.warning(
          "the last good content of an earlier process cannot be used",
          metadata: ["unit": "\(unit)", "reason": "\(reason)"])
      }
    )
  }

  private func memory(by loader: ConfigLoader, tell: (UnitID, String) -> Void) -> Memory {
    var memory = Memory(generation: journal.opening.nextGeneration - 1)
    for (key, reason) in journal.opening.quarantined {
      memory.quarantine[key.unit, default: []]
        .append(.init(fingerprint: key.fingerprint, reason: reason))
    }
    for (unit, content) in journal.opening.lastGood {
      guard let name = unit.configName, content.environment == environment else { continue }
      do {
        memory.lastGood[unit] = .config(try loader.load(name, from: journal.layers(of: content)))
      } catch {
        tell(unit, "\(error)")
      }
    }
    return memory
  }

  // ReloadRecorder

  func willSwap(to generation: UInt64, _ contents: [UnitID: UnitContent]) {
    let keys = contents.map { UnitFingerprint(unit: $0, fingerprint: $1.fingerprint) }
    let units = Set(contents.keys)
    // What is replaced before its bake is over is no longer to blame for anything.
    let abandoned = state.withLock { state in
      for key in keys {
        state.fingerprints[key.unit] = contents[key.unit].map { ($0, key.fingerprint) }
      }
      defer { state.open.removeAll { $0.units.isSubset(of: units) } }
      return state.open.filter { $0.units.isSubset(of: units) }.map(\.id)
    }
    let id = journal.beginAttempt(generation: generation, units: keys)
    state.withLock { $0.open.append((id, units)) }
    for id in abandoned { journal.closeAttempt(id, .abandoned) }
  }

  func published(_ publication: TransactionMachine<UnitContent>.Publication) {
    var isRollBack = false
    for unit in publication.units {
      if case .rolledBack(let reason) = unit.outcome {
        isRollBack = true
        journal.record(
          .rolledBack(
            unit.unit, from: publication.generation - 1, to: publication.generation, reason: reason)
        )
      } else if !unit.outcome.diagnostics.isEmpty, !unit.isRepeated {
        journal.record(
          .rejected(
            unit.unit, generation: publication.generation, unit.outcome.diagnostics))
      }
      guard unit.isChanged, let content = unit.new,
        let kept = keep(content, unit.unit, publication.generation)
      else { continue }
      journal.record(.applied(kept))
    }
    if isRollBack { closeAttempts(.rolledBack) }
  }

  func baked(_ generation: UInt64, _ contents: [UnitID: UnitContent]) {
    for (unit, content) in contents {
      guard let kept = keep(content, unit, generation) else { continue }
      journal.record(.lastGood(kept))
    }
    closeAttempts(.survived)
  }

  func quarantined(_ contents: [UnitID: UnitContent], because reason: String) {
    for (unit, content) in contents {
      let key = UnitFingerprint(unit: unit, fingerprint: fingerprint(of: content, unit))
      journal.record(.quarantined(key, reason: reason))
    }
  }

  func clearedQuarantine(of unit: UnitID?) {
    let keys = journal.quarantinedKeys.filter { unit == nil || $0.unit == unit }
    for key in keys { journal.record(.quarantineCleared(key)) }
  }

  func stopped() async {
    await journal.close()
  }

  private func closeAttempts(_ end: AttemptEnd) {
    let open = state.withLock { state in
      defer { state.open = [] }
      return state.open.map(\.id)
    }
    for id in open { journal.closeAttempt(id, end) }
  }

  /// The content with its bytes; nil for what is not kept, which is everything but configs.
  private func keep(
    _ content: UnitContent, _ unit: UnitID, _ generation: UInt64
  ) -> KeptContent? {
    guard let config = content.config else { return nil }
    return KeptContent(
      config, fingerprint: fingerprint(of: content, unit), generation: generation,
      environment: environment)
  }

  private func fingerprint(of content: UnitContent, _ unit: UnitID) -> ContentDigest {
    let known = state.withLock { $0.fingerprints[unit] }
    if let known, known.content == content { return known.fingerprint }
    return content.fingerprint
  }
}
