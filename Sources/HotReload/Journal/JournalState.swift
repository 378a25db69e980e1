import WorkspaceFiles

/// What all lines of a journal together say.
struct JournalState: Sendable {
  /// So many runs must have died on a content before it is quarantined.
  static let deathsUntilQuarantine = 2
  /// The most contents of one unit that are quarantined; of more the oldest are forgotten.
  static let maximumQuarantined = 16
  /// How many last good contents of a unit in one environment are known: if the newest has lost bytes, the one before it
  /// serves.
  static let lastGoodDepth = 2
  /// How many of a unit are known in all environments; of more the oldest are forgotten.
  static let maximumLastGood = 16
  /// The most contents whose deaths are counted; of more the oldest are forgotten.
  static let maximumDeaths = 256

  struct Quarantine: Sendable, Hashable {
    var key: UnitFingerprint
    var reason: String
  }

  struct Attempt: Sendable, Hashable {
    var id: AttemptID
    var units: [UnitFingerprint]
  }

  private(set) var highestGeneration: UInt64 = 0
  /// The newest last.
  private(set) var lastGood: [UnitID: [RecordedContent]] = [:]
  /// The newest last.
  private(set) var quarantined: [UnitID: [Quarantine]] = [:]
  /// Which runs died on a content, the newest content last.
  private(set) var deaths: [(key: UnitFingerprint, runs: Set<String>)] = []
  /// The attempts that are not over, in the order they were begun.
  private(set) var open: [Attempt] = []
  /// Whether the last run that began was ended as it should; nil if there was none.
  private(set) var endedCleanly: Bool?

  mutating func apply(_ event: JournalEntry.Event) {
    switch event {
    case .started: endedCleanly = false
    case .stopped(let run):
      endedCleanly = true
      open.removeAll { $0.id.run == run }
    case .attemptBegun(let id, let generation, let units):
      count(generation)
      open.append(Attempt(id: id, units: units))
    case .attemptClosed(let id, let end):
      guard let index = open.firstIndex(where: { $0.id == id }) else { return }
      let attempt = open.remove(at: index)
      if end == .survived { for key in attempt.units { forgetDeaths(of: key) } }
    case .attemptDied(let id, let units):
      open.removeAll { $0.id == id }
      for key in units { addDeath(of: key, run: id.run) }
    case .applied(let content): count(content.generation)
    case .rejected(_, let generation, _): count(generation)
    case .lastGood(let content):
      count(content.generation)
      addLastGood(content)
      forgetDeaths(of: content.key)
    case .quarantined(let key, let reason):
      var known = quarantined[key.unit, default: []]
      known.removeAll { $0.key == key }
      known.append(Quarantine(key: key, reason: reason))
      quarantined[key.unit] = Array(known.suffix(Self.maximumQuarantined))
    case .quarantineCleared(let key):
      quarantined[key.unit]?.removeAll { $0.key == key }
      forgetDeaths(of: key)
    case .removed(let unit, let generation):
      count(generation)
      lastGood[unit] = nil
    case .rolledBack(_, let from, let to, _):
      count(from)
      count(to)
    case .generation(let generation): count(generation)
    }
  }

  func isQuarantined(_ key: UnitFingerprint) -> Bool {
    quarantined[key.unit]?.contains { $0.key == key } ?? false
  }

  /// Whether a content is what there is to go back to, in any environment.
  func isLastGood(_ key: UnitFingerprint) -> Bool {
    var environments: Set<String> = []
    for content in lastGood[key.unit, default: []].reversed()
    where environments.insert(content.environment).inserted && content.key == key {
      return true
    }
    return false
  }

  func deaths(of key: UnitFingerprint) -> Int {
    deaths.first { $0.key == key }?.runs.count ?? 0
  }

  /// Whether it is remembered that a run died on a content.
  func counts(death run: String, of key: UnitFingerprint) -> Bool {
    deaths.contains { $0.key == key && $0.runs.contains(run) }
  }

  /// What a new run has to write because of attempts that runs before it left open.
  func burials() -> [JournalEntry.Event] {
    var after = self
    var events: [JournalEntry.Event] = []
    func add(_ event: JournalEntry.Event) {
      after.apply(event)
      events.append(event)
    }
    for attempt in open { add(.attemptDied(attempt.id, units: attempt.units)) }
    for (key, runs) in after.deaths
    where runs.count >= Self.deathsUntilQuarantine && !after.isQuarantined(key) {
      // What outlived a bake before is what there is to go back to; it is something else that kills the process.
      if after.isLastGood(key) { continue }
      add(
        .quarantined(
          key, reason: "the process died \(runs.count) times while this content was on trial"))
    }
    return events
  }

  private mutating func count(_ generation: UInt64) {
    highestGeneration = max(highestGeneration, generation)
  }

  /// One environment's do not drive out those of another, nor does one content that is found good again and again.
  private mutating func addLastGood(_ content: RecordedContent) {
    var known = lastGood[content.unit, default: []]
    known.removeAll { $0.key == content.key && $0.environment == content.environment }
    known.append(content)
    let same = known.indices.filter { known[$0].environment == content.environment }
    if same.count > Self.lastGoodDepth { known.remove(at: same[0]) }
    lastGood[content.unit] = Array(known.suffix(Self.maximumLastGood))
  }

  private mutating func addDeath(of key: UnitFingerprint, run: String) {
    var runs: Set<String> = [run]
    if let index = deaths.firstIndex(where: { $0.key == key }) {
      runs.formUnion(deaths.remove(at: index).runs)
    }
    deaths.append((key, runs))
    if deaths.count > Self.maximumDeaths { deaths.removeFirst() }
  }

  private mutating func forgetDeaths(of key: UnitFingerprint) {
    deaths.removeAll { $0.key == key }
  }
}
