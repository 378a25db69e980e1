import Dispatch
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Something to be written into a journal.
package enum JournalRecord: Sendable {
  /// Content came into force.
  case applied(KeptContent)
  /// Content was refused.
  case rejected(UnitID, generation: UInt64, [ConfigDiagnostic])
  /// Content outlived its bake. It and its bytes are made durable.
  case lastGood(KeptContent)
  /// Content must not come into force again. It is made durable.
  case quarantined(UnitFingerprint, reason: String)
  /// It may come into force again. It is made durable.
  case quarantineCleared(UnitFingerprint)
  /// A unit is in force no more, since what came into force does not have it.
  case removed(UnitID, generation: UInt64)
  /// A unit went back, as the generation `to`, to what it was before `from`.
  case rolledBack(UnitID, from: UInt64, to: UInt64, reason: String)
}

/// What a process finds that opens a journal.
package struct JournalOpening: Sendable {
  /// The journal's folder; nil if none could be had.
  package var folder: FilePath?
  /// Above every generation that was ever recorded.
  package var nextGeneration: UInt64 = 1
  /// The newest last good content of each unit in the workspace's environment whose bytes are all there.
  package var lastGood: [UnitID: RecordedContent] = [:]
  /// What must not come into force, with the reason.
  package var quarantined: [UnitFingerprint: String] = [:]
  /// What is among those because of the runs before this one, since this one began.
  package var newlyQuarantined: [UnitFingerprint] = []
  /// On how many runs each content was on trial when the process died, if no more than that is known of it.
  package var deaths: [UnitFingerprint: Int] = [:]
  /// Whether the run before ended as it should; nil if there was none.
  package var endedCleanly: Bool?
  /// What is wrong with the journal's files, for people. It is told once.
  package var findings: [String] = []
}

/// What happened to a workspace's hot reload, kept on the disk: what was applied and when, what is known to be
/// good, what must not be tried again.
///
/// No function throws or waits for the disk, but `open`, `flush`, `close` and `layers(of:)`: what a reload needs is one
/// `write` into the page cache, or a place in a bounded queue that a thread of the journal's own works off.
/// What cannot be written makes ``health`` degraded, and is tried again until it works.
package final class Journal: Sendable {
  /// What is known without reading.
  struct Known: Sendable {
    /// What all that was recorded says, whether it is written or not.
    var state: JournalState
    /// How many attempts this run has begun.
    var attempts: UInt64 = 0
  }

  /// What was found when it was opened.
  package let opening: JournalOpening

  let workspace: Workspace
  let options: JournalOptions
  let file = JournalFile()
  let known: Mutex<Known>
  let queue = Mutex(JournalQueue())
  let wakeUp = DispatchSemaphore(value: 0)
  /// Names this run in attempts.
  let run = String(UInt64.random(in: .min ... .max), radix: 36)

  /// Opens the journal of an instance, and takes what runs before left. Blocking; never fails: a journal that cannot
  /// be written is degraded, and tries again.
  ///
  /// It has a thread and a file lock until ``close()``.
  package static func open(
    in workspace: Workspace, options: JournalOptions = JournalOptions()
  ) -> Journal {
    let found = JournalDiscovery(workspace: workspace, options: options)
    let journal = Journal(found, workspace: workspace, options: options)
    journal.start(found)
    return journal
  }

  private init(_ found: JournalDiscovery, workspace: Workspace, options: JournalOptions) {
    opening = found.opening
    known = Mutex(Known(state: found.state))
    self.workspace = workspace
    self.options = options
  }

  private func start(_ found: JournalDiscovery) {
    var keeper = JournalKeeper(journal: self, folder: found.folder)
    keeper.needsRewrite = found.needsRewrite
    keeper.needsSync = !found.opening.newlyQuarantined.isEmpty
    queue.withLock { $0.folder = found.folder?.path }
    let problem = keeper.openFile(isTorn: found.isTorn) ?? found.problem
    let events = [.started(run: run, process: SystemCalls.processID)] + found.burials
    file.append(events.map { JournalEntry(nanoseconds: options.now(), event: $0) })
    known.withLock { $0.state.apply(.started(run: run, process: SystemCalls.processID)) }
    queue.withLock { $0.problem = problem ?? file.problem }
    let start = keeper
    let result = startDetachedThread(name: "hotreload-journal") { start.work() }
    if result != 0 {
      file.close()
      found.folder?.lock.unlock()
      queue.withLock { queue in
        queue.isStopped = true
        queue.problem = "the journal's thread cannot be started: \(Errno(rawValue: result))"
      }
    }
  }

  /// Says that content is about to be put in force. Written at once, and not made durable: it outlives the process, not
  /// the machine. Some microseconds.
  package func beginAttempt(generation: UInt64, units: [UnitFingerprint]) -> AttemptID {
    let (id, event) = known.withLock { known in
      known.attempts += 1
      let id = AttemptID(run: run, number: known.attempts)
      let event = JournalEntry.Event.attemptBegun(id, generation: generation, units: units)
      known.state.apply(event)
      return (id, event)
    }
    append(event)
    options.failpoint?(.attemptBegun)
    return id
  }

  /// Says that a generation is about to be given out which is no attempt. Written as an attempt is.
  package func begin(generation: UInt64) {
    known.withLock { $0.state.apply(.generation(generation)) }
    append(.generation(generation))
  }

  /// Says how an attempt was over. Written as its beginning was. For one that is over already it does nothing.
  package func closeAttempt(_ id: AttemptID, _ end: AttemptEnd) {
    let isOpen = known.withLock { known in
      guard known.state.open.contains(where: { $0.id == id }) else { return false }
      known.state.apply(.attemptClosed(id, end))
      return true
    }
    guard isOpen else { return }
    append(.attemptClosed(id, end))
    options.failpoint?(.attemptClosed)
  }

  /// Has something written. What concerns quarantine is written at once, like attempts, and made durable soon after;
  /// all else goes into the queue. Some microseconds.
  package func record(_ record: JournalRecord) {
    known.withLock { $0.state.apply(record.event) }
    switch record {
    case .quarantined, .quarantineCleared:
      append(record.event)
      queue.withLock { $0.wantsSync = true }
      options.failpoint?(.quarantined)
    default:
      let now = options.now()
      queue.withLock { queue in
        queue.add(.record(record, nanoseconds: now), options)
        if options.backups != nil, case .applied(let content) = record {
          queue.add(.backup(content), options)
        }
      }
    }
    wakeUp.signal()
  }

  /// Whether content must not come into force.
  package func isQuarantined(_ key: UnitFingerprint) -> Bool {
    known.withLock { $0.state.isQuarantined(key) }
  }

  /// What must not come into force.
  var quarantinedKeys: [UnitFingerprint] {
    known.withLock { $0.state.quarantined.values.flatMap { $0.map(\.key) } }
  }

  private func append(_ event: JournalEntry.Event) {
    let entry = JournalEntry(nanoseconds: options.now(), event: event)
    if !file.append([entry]) { wakeUp.signal() }
  }

  /// Where it is now; nil while no folder can be had.
  package var folder: FilePath? { queue.withLock { $0.folder } }

  /// Whether what it was given is written.
  package var health: JournalHealth {
    let (problem, dropped, isStopped) = queue.withLock {
      ($0.problem, $0.droppedUnseen, $0.isStopped)
    }
    // After the end the file is closed, which is no problem.
    if let problem = problem ?? (isStopped ? nil : file.problem) { return .degraded(problem) }
    guard dropped > 0 else { return .healthy }
    return .degraded("the journal is too slow: \(dropped) records were dropped")
  }

  /// How many records were dropped because too many waited, since it was opened.
  package var dropped: Int { queue.withLock { $0.dropped } + file.dropped }

  /// Waits until all that was recorded before is written, or could not be written now.
  package func flush() async {
    await wait(stopping: false)
  }

  /// Writes what waits, says that this run ended as it should, and ends the thread. Attempts that are open are over.
  /// What is recorded from now on is lost.
  package func close() async {
    await wait(stopping: true)
  }

  private func wait(stopping: Bool) async {
    await withCheckedContinuation { continuation in
      let isStopped = queue.withLock { queue in
        if stopping { queue.isStopping = true }
        if !queue.isStopped { queue.waiters.append(continuation) }
        return queue.isStopped
      }
      if isStopped { continuation.resume() } else { wakeUp.signal() }
    }
  }

  /// The bytes of a content that was recorded. Blocking.
  package func layers(of content: RecordedContent) throws(JournalError) -> [RecordedLayer] {
    try reader.layers(of: content)
  }

  /// Reads this journal's history. What is in the queue is not in there yet; see ``flush()``.
  package var reader: JournalReader {
    let folder = queue.withLock { $0.folder }
    return JournalReader(
      folder: folder ?? JournalFolder.path(of: options.instance, in: workspace))
  }
}

extension JournalRecord {
  var event: JournalEntry.Event {
    switch self {
    case .applied(let content): .applied(content.record)
    case .rejected(let unit, let generation, let diagnostics):
      .rejected(unit, generation: generation, diagnostics)
    case .lastGood(let content): .lastGood(content.record)
    case .quarantined(let key, let reason): .quarantined(key, reason: reason)
    case .quarantineCleared(let key): .quarantineCleared(key)
    case .removed(let unit, let generation): .removed(unit, generation: generation)
    case .rolledBack(let unit, let from, let to, let reason):
      .rolledBack(unit, from: from, to: to, reason: reason)
    }
  }
}
