import SystemPackage
import WorkspaceFiles

/// Keeps the tree equal to the file system and turns differences into change sets.
///
/// Hints come in through ``handle(_:at:)``, time through every call, change sets go out through each
/// subscription's `deliver`. The engine makes no decision by an event's word: it only looks again where an
/// event points. It belongs to one thread, which it makes wait for the file system.
final class WatchEngine {
  /// How many links that are not named by a literal part of a glob are followed to their files. Beyond it a
  /// link counts as what it is, and a change behind it is found only by scans.
  static let maximumFollowedLinks = 8192

  /// How long after the first half of a rename its second half is waited for.
  static let renameWindow: Nanoseconds = 1_000_000

  /// One consumer.
  struct Subscriber {
    var filter: PathFilter
    var settler: Settler
    var setNumber: UInt64 = 0
    var notices: [WatchNotice] = []
    let maxChanges: Int
    let deliver: (ChangeSet) -> Void
  }

  let rootPath: [UInt8]
  let source: (any WatchSource)?
  let wallClock: () -> Int64
  var subscribers: [Subscriber]

  var nodes = NodeTable()
  var folders: FolderTable
  var watches = WatchTable()
  var devices = DeviceTable()
  var fileCount = 0

  /// Chains of links, by the node that they lead to; the root's is the chain of folders above it.
  var chains: [NodeID: LinkChain] = [:]
  var dirtyChains: Set<NodeID> = []
  /// Files with several hard links, of which an event names only one.
  var linkedFiles: [FileKey: [NodeID]] = [:]
  /// Files that became known as having several names, of which another may be known as its only one.
  var newlyLinked: Set<FileKey> = []
  /// Files with several names that lost one.
  var lostName: Set<FileKey> = []
  /// Folders that are polled with all below them.
  var polled: Set<NodeID> = []
  var failures: [NodeID: WatchFailure] = [:]
  /// Links and demanded files, which the slow reconciling scan looks at.
  var demanded: Set<NodeID> = []

  let pollInterval: Nanoseconds
  let reconcileInterval: Nanoseconds
  var nextPoll = Nanoseconds.max
  var nextReconcile = Nanoseconds.max
  var renameHold: (cookie: UInt32, until: Nanoseconds)?
  var overflowed = false
  /// Whether hints were lost, so that a scan must believe nothing it was not told.
  var isRescanning = false

  /// Folders whose watch the kernel ended, or that may have become readable.
  var lostFolders: [NodeID] = []
  /// Digests of files that were compared so soon after a write that their stamp proves nothing.
  var youngDigests: [NodeID: ContentDigest] = [:]

  /// Scratch space for absolute paths and folder entries, kept to avoid allocating for each.
  var pathBuffer: [UInt8] = []
  let entryBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32768, alignment: 16)
  let reader: FolderReader
  /// How many threads help with the first crawl.
  let crawlThreads: Int

  init(
    rootPath: [UInt8], source: (any WatchSource)?, subscribers: [Subscriber],
    pollInterval: Nanoseconds, reconcileInterval: Nanoseconds, crawlThreads: Int,
    wallClock: @escaping () -> Int64
  ) {
    self.rootPath = rootPath
    self.source = source
    self.subscribers = subscribers
    self.pollInterval = pollInterval
    self.reconcileInterval = reconcileInterval
    self.crawlThreads = crawlThreads
    self.wallClock = wallClock
    reader = FolderReader(
      filters: ContiguousArray(subscribers.map(\.filter)), source: source, buffer: entryBuffer)
    folders = FolderTable(subscriptionCount: subscribers.count)
  }

  deinit {
    entryBuffer.deallocate()
  }

  /// Crawls everything that was asked for; what is there now is known and not reported.
  func start(at now: Nanoseconds) {
    for (index, subscriber) in subscribers.enumerated() {
      for prefix in subscriber.filter.literalPrefixes { addSpine(prefix.relativeComponents) }
      for path in subscriber.filter.literalPaths { addDemand(path.relativeComponents, for: index) }
    }
    if source == nil { polled.insert(.root) }
    resolveRoot(report: .silent, at: now)
    nextReconcile = now.advanced(clamping: reconcileInterval)
    schedulePolling(at: now)
  }

  /// When something is to be done although no hint came, or nil.
  func nextDeadline(at now: Nanoseconds) -> Nanoseconds? {
    var deadline = min(nextPoll, nextReconcile)
    for subscriber in subscribers {
      switch subscriber.settler.decision(at: now) {
      case .idle: break
      case .wait(let until): deadline = min(deadline, until)
      case .release: deadline = now
      }
    }
    if let renameHold { deadline = max(deadline, min(renameHold.until, nextPoll)) }
    return deadline == .max ? nil : deadline
  }

  /// Does what is due: scans, re-resolved links, and change sets that have settled.
  func advance(to now: Nanoseconds) {
    if overflowed {
      overflowed = false
      rescan(because: .overflow, at: now)
    }
    if now >= nextPoll { poll(at: now) }
    if now >= nextReconcile { reconcile(at: now) }
    resolveDirtyChains(at: now)
    if let hold = renameHold {
      if now < hold.until { return }
      renameHold = nil
    }
    for index in subscribers.indices {
      if subscribers[index].settler.decision(at: now) == .release {
        release(index, at: now, force: false)
      }
      deliverNotices(index)
    }
    resolveHardLinks(at: now)
  }

  /// Compares everything with the file system and delivers it without waiting for quiet. The caller has
  /// handed over every hint that was there when the call was made.
  func sync(at now: Nanoseconds) -> FileWatcher.SyncReport {
    renameHold = nil
    if !polled.isEmpty { poll(at: now) }
    reconcile(at: now)
    advance(to: now)
    // A release can find a folder where a file was expected, whose files are then pending in turn; each round
    // goes at least one level deeper.
    for _ in 0..<Self.maximumSyncRounds {
      var delivered = false
      resolveHardLinks(at: now)
      for index in subscribers.indices where subscribers[index].settler.hasReleasable(at: now) {
        release(index, at: now, force: true)
        delivered = true
      }
      resolveDirtyChains(at: now)
      if !delivered { break }
    }
    for index in subscribers.indices { deliverNotices(index) }
    var pending: Set<NodeID> = []
    for subscriber in subscribers {
      pending.formUnion(subscriber.settler.open.keys)
      pending.formUnion(subscriber.settler.closed.keys)
    }
    return FileWatcher.SyncReport(
      lastSets: subscribers.map(\.setNumber),
      pending: pending.map(relativePath).sorted { $0.string < $1.string })
  }

  /// How many rounds of comparing a `sync` makes before it returns what is still dirty as pending.
  static let maximumSyncRounds = 64

  func status() -> FileWatcher.Status {
    var degraded: [FilePath: WatchFailure] = [:]
    for (id, failure) in failures { degraded[relativePath(id)] = failure }
    return FileWatcher.Status(
      backend: source == nil ? "polling" : "inotify", directories: folders.count, files: fileCount,
      watches: watches.count, degraded: degraded)
  }

  func notify(_ notice: WatchNotice) {
    for index in subscribers.indices where !subscribers[index].notices.contains(notice) {
      if subscribers[index].notices.count < ChangeMerger.maximumNotices {
        subscribers[index].notices.append(notice)
      }
    }
  }
}

/// What tells one file from all others.
struct FileKey: Hashable {
  var device: UInt64
  var inode: UInt64
}
