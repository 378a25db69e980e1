import Logging
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Writes what a driver does into a journal, and reads from it what the next process starts with.
///
/// One attempt at most is open, of all that is on trial: when something more or something newer is put on trial, another
/// attempt takes its place.
final class JournalRecorder: ReloadRecorder {
  typealias Memory = TransactionMachine<UnitContent>.Memory

  /// What is on trial.
  private struct Trial {
    var attempt: AttemptID
    var generation: UInt64
    var keys: [UnitID: UnitFingerprint]
  }

  /// What a unit was last put in force with, for what is told of it afterwards.
  private struct InForce {
    var content: UnitContent
    var fingerprint: ContentDigest
    var generation: UInt64
  }

  private struct State {
    var trial: Trial?
    var inForce: [UnitID: InForce] = [:]
    /// The generation in which each unit was last found good.
    var good: [UnitID: UInt64] = [:]
    /// What an earlier process knew to be good, and in which generation.
    var earlier: [UnitID: (content: UnitContent, generation: UInt64)] = [:]
    /// The units of which somebody has accepted what is in force, or something before it in this process.
    var accepted: Set<UnitID> = []
    /// The units of which somebody has refused what is in force.
    var refused: Set<UnitID> = []
    /// What has outlived its bake and was not accepted yet, while something else is known to be good.
    var withheld: [UnitID: KeptContent] = [:]
  }

  let journal: Journal
  private let environment: String
  private let logger: Logger
  private let state = Mutex(State())

  private init(journal: Journal, environment: String, logger: Logger) {
    self.journal = journal
    self.environment = environment
    self.logger = logger
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
      }, failpoint: configuration.failpoint)
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
      journal: journal, environment: workspace.environment.name, logger: logger)
    var memory = Memory(generation: journal.opening.nextGeneration - 1)
    for (key, reason) in journal.opening.quarantined {
      memory.quarantine[key.unit, default: []]
        .append(.init(fingerprint: key.fingerprint, reason: reason))
    }
    let loader = ConfigLoader(workspace: workspace, options: configuration.loadOptions)
    let lastGood = recorder.lastGood(by: loader)
    if configuration.bootPolicy == .lastGood { memory.lastGood = lastGood }
    return (recorder, memory)
  }

  /// What an earlier process knew to be good, as far as it still can be loaded.
  private func lastGood(by loader: ConfigLoader) -> [UnitID: UnitContent] {
    var found: [UnitID: UnitContent] = [:]
    for (unit, content) in journal.opening.lastGood {
      guard let name = unit.configName else { continue }
      do {
        let loaded = try loader.load(name, from: journal.layers(of: content))
        found[unit] = .config(loaded)
        state.withLock { $0.earlier[unit] = (.config(loaded), content.generation) }
      } catch {
        logger.warning(
          "the last good content of an earlier process cannot be used",
          metadata: [
            "config": "\(name)", "lastGoodGeneration": "\(content.generation)",
            "reason": "\(error)",
          ])
      }
    }
    return found
  }

  // ReloadRecorder

  func willSwap(
    to generation: UInt64, _ contents: [UnitID: UnitContent], isRollBack: Bool
  ) {
    let known = contents.map { unit, content in
      (unit, InForce(content: content, fingerprint: content.fingerprint, generation: generation))
    }
    let before = state.withLock { state in
      for (unit, content) in known { state.inForce[unit] = content }
      return state.trial
    }
    // What comes back was in force and good before: it is no attempt.
    guard !isRollBack else { return journal.begin(generation: generation) }
    var keys = before?.keys ?? [:]
    for (unit, content) in known {
      keys[unit] = UnitFingerprint(unit: unit, fingerprint: content.fingerprint)
    }
    let attempt = journal.beginAttempt(
      generation: generation, units: keys.values.sorted { $0.unit < $1.unit })
    // A bake that ends meanwhile has closed the one before, or finds this one and leaves it.
    state.withLock { state in
      state.trial = Trial(attempt: attempt, generation: generation, keys: keys)
    }
    if let before { journal.closeAttempt(before.attempt, .abandoned) }
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
      } else if unit.outcome == .removed {
        journal.record(.removed(unit.unit, generation: publication.generation))
      } else if !unit.outcome.diagnostics.isEmpty, !unit.isRepeated {
        journal.record(
          .rejected(
            unit.unit, generation: publication.generation, unit.outcome.diagnostics))
        if unit.isChanged { tellOfLastGood(unit, publication.generation) }
      }
      guard unit.isChanged else { continue }
      note(unit)
      guard let content = unit.new, content.config != nil else { continue }
      let kept = keep(content, unit.unit, publication.generation)
      journal.record(.applied(kept))
      // What was removed on trial is as good as it was before.
      if isRollBack, unit.old == nil { journal.record(.lastGood(kept)) }
    }
    if isRollBack { closeTrial(.rolledBack) }
  }

  /// Says which content of which process serves in place of what is on disk.
  private func tellOfLastGood(
    _ unit: TransactionMachine<UnitContent>.UnitChange, _ generation: UInt64
  ) {
    guard let known = state.withLock({ $0.earlier[unit.unit] }), known.content == unit.new else {
      return
    }
    let reasons = unit.outcome.redacted(by: .default).diagnostics
    logger.warning(
      "config starts from its last good content",
      metadata: [
        "config": "\(unit.unit.configName ?? "\(unit.unit)")", "generation": "\(generation)",
        "lastGoodGeneration": "\(known.generation)", "errors": .array(reasons.map { "\($0)" }),
      ])
  }

  func baked(_ generation: UInt64, _ contents: [UnitID: UnitContent]) {
    for (unit, content) in contents {
      let kept = keep(content, unit, generation)
      let isKnown = state.withLock { state in
        guard state.good[unit].map({ $0 < generation }) ?? true else { return false }
        state.good[unit] = generation
        // What is loaded when a process starts may outlive its bake before anybody asks for it in a type that refuses it.
        // Until then it must not take the place of what was accepted.
        guard let earlier = state.earlier[unit], earlier.content != content,
          !state.accepted.contains(unit)
        else { return true }
        state.withheld[unit] = state.refused.contains(unit) ? nil : kept
        return false
      }
      if isKnown { journal.record(.lastGood(kept)) }
    }
    closeTrial(.survived, upTo: generation)
  }

  func accepted(_ units: Set<UnitID>) {
    let withheld = state.withLock { state in
      state.accepted.formUnion(units)
      return units.compactMap { state.withheld.removeValue(forKey: $0) }
    }
    for content in withheld { journal.record(.lastGood(content)) }
  }

  func refused(_ unit: UnitID) {
    state.withLock { state in
      state.refused.insert(unit)
      state.withheld[unit] = nil
    }
  }

  /// Takes in that other content of a unit is in force.
  private func note(_ unit: TransactionMachine<UnitContent>.UnitChange) {
    state.withLock { state in
      state.withheld[unit.unit] = nil
      state.refused.remove(unit.unit)
      if unit.new == nil { state.earlier[unit.unit] = nil }
      // All who have asked for it by now have accepted it.
      if unit.old != nil { state.accepted.insert(unit.unit) }
    }
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
    // Nobody has found anything wrong with it in all the time.
    let withheld = state.withLock { state in
      defer { state.withheld = [:] }
      return state.withheld.values
    }
    for content in withheld { journal.record(.lastGood(content)) }
    await journal.close()
  }

  /// Ends the trial, if it is not one of a newer generation already.
  private func closeTrial(_ end: AttemptEnd, upTo generation: UInt64 = .max) {
    let trial = state.withLock { state -> Trial? in
      guard let trial = state.trial, trial.generation <= generation else { return nil }
      state.trial = nil
      return trial
    }
    if let trial { journal.closeAttempt(trial.attempt, end) }
  }

  /// The content with its bytes. Of a file group the bytes are not kept: its files are what they are, and it is
  /// only remembered that they were good.
  private func keep(_ content: UnitContent, _ unit: UnitID, _ generation: UInt64) -> KeptContent {
    let known = known(content, unit)
    return KeptContent(
      unit: unit, generation: known?.generation ?? generation,
      fingerprint: known?.fingerprint ?? content.fingerprint, environment: environment,
      layers: content.config?.recordedLayers ?? [])
  }

  private func fingerprint(of content: UnitContent, _ unit: UnitID) -> ContentDigest {
    known(content, unit)?.fingerprint ?? content.fingerprint
  }

  private func known(_ content: UnitContent, _ unit: UnitID) -> InForce? {
    let known = state.withLock { $0.inForce[unit] }
    return known?.content == content ? known : nil
  }
}
