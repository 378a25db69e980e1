import FileWatching
import Testing
import WorkspaceTools

@testable import HotReload

extension Int: TransactionContent {
  public var fingerprint: Int { self }
}

typealias NumberMachine = TransactionMachine<Int>

/// Drives a machine over a pretended disk of numbers, where a negative one is not valid and one below -100 cannot even
/// be loaded.
struct MachineHarness {
  var machine: NumberMachine
  var now = Duration.zero
  /// Actions that were not performed yet, the oldest first.
  var outstanding: [NumberMachine.Action] = []
  var disk: [String: Int] = [:]
  var inForce: [String: Int] = [:]
  var generation: UInt64 = 0
  var reports: [UInt64: ReloadReport] = [:]
  var abandoned: [UInt64] = []
  var publications: [NumberMachine.Publication] = []
  var jobs: [UInt64] = []
  var isStopped = false
  var lastTicket: UInt64 = 0

  init(groups: AtomicGroups = .none, limits: NumberMachine.Limits = .init()) {
    machine = NumberMachine(groups: groups, limits: limits)
  }

  mutating func send(_ event: NumberMachine.Event) {
    outstanding += machine.handle(event, at: now)
  }

  /// Submits a candidate for these configs and returns the number of its ticket.
  @discardableResult
  mutating func submit(
    _ names: String..., everything: Bool = false, producer: Candidate.Producer = .watcher,
    content: [FileChange] = []
  ) -> UInt64 {
    lastTicket += 1
    var candidate = ClassifiedCandidate(producers: [producer], isEverything: everything)
    candidate.units = Set(names.map(UnitID.config))
    candidate.content = content
    send(.submit(candidate, .init(number: lastTicket)))
    return lastTicket
  }

  static func error(_ message: String) -> ConfigDiagnostic {
    ConfigDiagnostic(location: nil, message: message)
  }

  func loadResult(_ unit: UnitID) -> NumberMachine.LoadResult {
    guard let number = disk[unit.configName ?? ""] else { return .absent(Self.error("missing")) }
    return number < -100 ? .rejected([Self.error("unreadable \(number)")]) : .content(number)
  }

  /// Performs the oldest action and sends its answer. False if there is none.
  mutating func performOne() -> Bool {
    guard !outstanding.isEmpty else { return false }
    switch outstanding.removeFirst() {
    case .load(let id, let units, let isEverything):
      let all = isEverything ? units + disk.keys.map(UnitID.config) : units
      send(
        .loaded(id, Dictionary(all.map { ($0, loadResult($0)) }, uniquingKeysWith: { $1 })))
    case .validate(let id, let contents):
      let bad = contents.filter { $0.value < 0 }
      send(.validated(id, bad.mapValues { [Self.error("negative \($0)")] }))
    case .swap(let id, let generation, let swap):
      self.generation = generation
      for (unit, content) in swap.contents { inForce[unit.configName ?? ""] = content }
      send(.swapped(id))
    case .publish(let id, let publication):
      publications.append(publication)
      send(.published(id))
    case .finished: break
    case .answer(let ticket, let report): reports[ticket.number] = report
    case .run(let job):
      jobs.append(job.number)
      send(.jobDone(job))
    case .prepare, .activate, .retire, .checkHealth, .baked, .quarantine, .unhealthy: break
    case .abandon(let tickets, _, _): abandoned += tickets.map(\.number)
    case .stopped: isStopped = true
    }
    return true
  }

  /// Performs the oldest action, of which there must be one.
  mutating func performFirst() {
    let isPerformed = performOne()
    #expect(isPerformed)
  }

  mutating func run() {
    while performOne() {}
  }

  /// Writes, submits and runs to the end.
  @discardableResult
  mutating func save(_ name: String, _ number: Int?) -> ReloadOutcome? {
    disk[name] = number
    let ticket = submit(name)
    run()
    return reports[ticket]?.outcome(of: name)
  }
}
