import Dispatch
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// What the journal's thread does, and what only it knows.
struct JournalKeeper: Sendable {
  /// The most bytes of damaged lines that are set aside.
  private static let maximumDamage = 64 << 10

  /// Between these the time between two attempts is kept.
  private static let retryIntervals = Duration.milliseconds(1)...Duration.seconds(3600)

  let journal: Journal
  private var folder: JournalFolder?
  private var blobs: BlobStore
  /// Whether the file should be written anew.
  var needsRewrite = false
  /// Whether lines were written that must be durable.
  var needsSync = false
  /// The last good contents of this run, to be written again if the folder is removed.
  private var lastGood: [UnitID: KeptContent] = [:]
  /// What the newest backups hold, as far as they are of this run.
  private var backedUp: [FilePath: ContentDigest] = [:]
  /// What was written since the file was written anew.
  private var lines = 0
  private var contentSize = 0
  /// The size from which on it is written anew.
  private var rewriteSize: Int64

  private var options: JournalOptions { journal.options }
  private var file: JournalFile { journal.file }

  init(journal: Journal, folder: JournalFolder?) {
    self.journal = journal
    self.folder = folder
    blobs = BlobStore(folder: JournalFolder.blobs(in: folder?.path ?? ""))
    rewriteSize = Int64(journal.options.limits.maximumFileSize)
  }

  /// Works until the journal is closed.
  consuming func work() {
    var problem: String? = journal.queue.withLock { $0.problem }
    var health = JournalHealth.healthy
    var retry = DispatchTime.now()
    // The first pass tidies up what the run before left.
    var isFirst = true
    while true {
      let (isWanted, isStopping) = journal.queue.withLock { queue in
        let isUrgent = !queue.waiters.isEmpty || queue.isStopping
        let hasWork = !queue.items.isEmpty || queue.wantsSync || problem != nil
        let isDue = problem == nil || DispatchTime.now() >= retry
        return (isUrgent || (hasWork && isDue), queue.isStopping)
      }
      if isWanted || isFirst || (problem == nil && file.problem != nil) {
        isFirst = false
        problem = turn(isLast: isStopping)
        let interval = min(
          max(options.retryInterval, Self.retryIntervals.lowerBound), Self.retryIntervals.upperBound
        )
        retry = .now() + .nanoseconds(Int(interval.nanosecondsClamped))
        let now = journal.health
        if now != health, !isStopping { options.onHealthChange(now) }
        health = now
        if isStopping { return }
      } else if problem == nil {
        journal.wakeUp.wait()
      } else {
        _ = journal.wakeUp.wait(timeout: retry)
      }
    }
  }

  /// Does all that waits, and tells those who wait for it.
  private mutating func turn(isLast: Bool) -> String? {
    let (items, waiters, wantsSync) = journal.queue.withLock { queue in
      defer {
        queue.waiters = []
        queue.wantsSync = false
      }
      return (queue.takeItems(), queue.waiters, queue.wantsSync)
    }
    if wantsSync { needsSync = true }
    var (unwritten, problem) = pass(items)
    if isLast {
      file.append([JournalEntry(nanoseconds: options.now(), event: .stopped(run: journal.run))])
      try? file.synchronize()
      problem = problem ?? file.problem
      file.close()
      release()
    }
    let late = journal.queue.withLock { queue in
      queue.problem = problem
      if isLast {
        queue.isStopped = true
        unwritten += queue.takeItems()
      }
      queue.putBack(unwritten, options)
      defer { if isLast { queue.waiters = [] } }
      return isLast ? queue.waiters : []
    }
    for waiter in waiters + late { waiter.resume() }
    return problem
  }

  /// Returns what could not be written, and why.
  private mutating func pass(
    _ waiting: [JournalQueue.Item]
  ) -> (unwritten: [JournalQueue.Item], problem: String?) {
    var items = waiting
    if folder.map({ !file.isAt(JournalFolder.journal(in: $0.path)) }) ?? true {
      if let problem = reopen() { return (items, problem) }
      let now = options.now()
      items = lastGood.values.map { .record(.lastGood($0), nanoseconds: now) } + items
    }
    items = Self.withoutSuperseded(items)
    var unwritten: [JournalQueue.Item] = []
    var problem: String?
    var wroteLastGood = false
    for item in items {
      do {
        try write(item)
        if item.isLastGood { wroteLastGood = true }
      } catch {
        unwritten.append(item)
        problem = "\(error)"
      }
    }
    file.retry()
    if file.problem == nil, needsSync {
      if wroteLastGood { options.failpoint?(.lastGoodWritten) }
      do {
        try file.synchronize()
        needsSync = false
        if wroteLastGood { options.failpoint?(.lastGoodSynced) }
      } catch {
        // What a failed sync lost is not tried again by the next one.
        needsRewrite = true
        problem = "the journal cannot be made durable: \(error)"
      }
    }
    if file.problem == nil, needsRewrite || isLarge {
      do { try rewrite() } catch {
        problem = problem ?? "the journal cannot be written anew, which keeps it small: \(error)"
      }
    }
    return (unwritten, problem ?? file.problem)
  }

  /// Of the last good contents of a unit only the newest counts.
  private static func withoutSuperseded(_ items: [JournalQueue.Item]) -> [JournalQueue.Item] {
    var seen: Set<UnitID> = []
    let kept = items.reversed().filter { item in
      guard case .record(.lastGood(let content), _) = item else { return true }
      return seen.insert(content.unit).inserted
    }
    return kept.reversed()
  }

  private mutating func write(_ item: JournalQueue.Item) throws {
    switch item {
    case .backup(let content): try backUp(content)
    case .record(let record, let nanoseconds):
      if case .lastGood(let content) = record { lastGood[content.unit] = content }
      if case .removed(let unit, _) = record { lastGood[unit] = nil }
      if let content = item.content {
        for layer in content.layers {
          do { contentSize += try blobs.add(layer, failpoint: options.failpoint) } catch {
            throw JournalError(
              code: .unwritable,
              message: "the content of \(layer.path) cannot be written to \(blobs.folder): \(error)"
            )
          }
        }
      }
      if case .lastGood(let content) = record {
        try blobs.synchronize(content.layers.map(\.digest))
        needsSync = true
      }
      file.append([JournalEntry(nanoseconds: nanoseconds, event: record.event)])
      lines += 1
    }
  }

  private mutating func backUp(_ content: KeptContent) throws {
    guard let limits = options.backups else { return }
    let store = ConfigBackupStore(workspace: journal.workspace, limits: limits, now: options.now)
    for layer in content.layers where backedUp[layer.path] != layer.digest {
      _ = try store.add(layer, generation: content.record.generation)
      backedUp[layer.path] = layer.digest
      options.failpoint?(.backedUp)
    }
  }
}

extension JournalKeeper {
  /// Opens the file in the folder; returns why it could not.
  mutating func openFile(isTorn: Bool) -> String? {
    guard let folder else { return nil }
    let path = JournalFolder.journal(in: folder.path)
    do {
      try file.open(path, isTorn: isTorn)
      try? SystemCalls.synchronize(folder.path)
      return nil
    } catch { return "\(path) cannot be written: \(error)" }
  }

  /// Takes a folder anew, after it was removed or could not be had.
  private mutating func reopen() -> String? {
    // Its own lock would be in the way.
    release()
    do throws(JournalFolder.Failure) {
      folder = try JournalFolder.claim(options.instance, in: journal.workspace)
    } catch { return "\(error)" }
    guard let folder else { return nil }
    blobs = BlobStore(folder: JournalFolder.blobs(in: folder.path))
    if let problem = openFile(isTorn: true) { return problem }
    journal.queue.withLock { $0.folder = folder.path }
    let state = journal.known.withLock { $0.state }
    let now = options.now()
    var events: [JournalEntry.Event] = [.generation(state.highestGeneration)]
    for attempt in state.open {
      events.append(
        .attemptBegun(attempt.id, generation: state.highestGeneration, units: attempt.units))
    }
    for quarantine in state.quarantined.values.joined() {
      events.append(.quarantined(quarantine.key, reason: quarantine.reason))
    }
    file.append(events.map { JournalEntry(nanoseconds: now, event: $0) })
    needsSync = true
    return nil
  }

  private mutating func release() {
    folder?.lock.unlock()
    folder = nil
  }

  private var isLarge: Bool {
    file.size > rewriteSize || lines > options.limits.maximumEntries
      || contentSize > options.limits.maximumContentSize / 2
  }

  /// Writes the file anew with what is to be kept, and removes the contents that nothing refers to.
  private mutating func rewrite() throws {
    guard let folder else { return }
    let path = JournalFolder.journal(in: folder.path)
    let scan = try JournalScan(reading: path)
    let compaction = JournalCompaction(scan, limits: options.limits, now: options.now())
    if !scan.garbage.isEmpty {
      let damage = scan.garbage.flatMap { scan.bytes[$0.range] + [UInt8(ascii: "\n")] }
      try writeAtomically(
        damage.suffix(Self.maximumDamage), to: folder.path.appending("journal.damaged"),
        permissions: [.ownerReadWrite])
    }
    try file.replace(
      path, with: compaction.content, insteadOf: Int64(scan.bytes.count),
      failpoint: options.failpoint)
    // A file with much that must be kept is not written anew for each new line.
    rewriteSize = max(Int64(options.limits.maximumFileSize), 2 * file.size)
    needsRewrite = false
    lines = 0
    contentSize = 0
    blobs.keepOnly(compaction.digests)
  }
}
