import FileWatching
import Glibc
import SystemPackage
import Testing

/// Where and how a scripted case runs: each runs on both backends.
struct Setting: Sendable, CustomTestStringConvertible {
  var backend: FileWatcher.Options.Backend
  var disk: Disk

  var testDescription: String { "\(backend), \(disk.rawValue)" }

  /// Both backends, on both kinds of file system.
  static let all = [
    Setting(backend: .automatic, disk: .disk), Setting(backend: .automatic, disk: .memory),
    Setting(backend: .polling, disk: .disk), Setting(backend: .polling, disk: .memory),
  ]
  /// The kernel's events only, for what polling cannot know.
  static let events = all.filter { $0.backend == .automatic }
}

/// What a scripted case watches.
struct Plan: Sendable {
  var include = ["**"]
  var exclude: [String] = []
  var demanded: [FilePath] = []
  /// So long that only `sync()` delivers: then the number of sets does not depend on the machine's load.
  var quietPeriod = Duration.seconds(60)
  var debounce = Duration.milliseconds(5)
  var maxWait = Duration.seconds(120)
  var pollInterval = Duration.milliseconds(20)
  var reconcileInterval = Duration.seconds(60)
  var maxChanges = 200_000
  /// The watched root, relative to the case's temporary folder.
  var root: FilePath = "root"
  var createsRoot = true
}

/// The excludes that a workspace has by default.
let defaultExcludes = ["**/*.tmp", "**/*.swp", "**/.*"]

/// One running scripted case: a watched root in a temporary folder, and the consumer of what is reported.
struct Script: Sendable {
  /// What is watched.
  let root: Folder
  /// The temporary folder around it, for what comes from outside.
  let outside: Folder
  let setting: Setting
  let watcher: FileWatcher
  let recorder: Recorder
  private let temporary: TemporaryFolder

  /// Runs a case: prepares the folder, starts to watch, runs the body, checks and stops.
  static func run(
    _ setting: Setting, _ plan: Plan = Plan(), recorder: Recorder = Recorder(),
    prepare: (Folder) throws -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
    body: (Script) async throws -> Void
  ) async throws {
    let temporary = try TemporaryFolder(in: setting.disk.path)
    let root = temporary.folder.folder(plan.root)
    if plan.createsRoot { try temporary.folder.makeFolder(plan.root) }
    try prepare(root)
    await waitForClockTick()
    recorder.begin(
      Scope(
        root: root.path, include: plan.include, exclude: plan.exclude, demanded: plan.demanded))
    let watcher = try await FileWatcher.start(
      root: root.path,
      subscriptions: [
        FileWatcher.Subscription(
          include: plan.include, exclude: plan.exclude, demanded: plan.demanded,
          quietPeriod: plan.quietPeriod, debounce: plan.debounce, maxWait: plan.maxWait,
          observer: { recorder.receive($0) })
      ],
      options: FileWatcher.Options(
        backend: setting.backend, pollInterval: plan.pollInterval,
        reconcileInterval: plan.reconcileInterval, maxChanges: plan.maxChanges))
    let script = Script(
      root: root, outside: temporary.folder, setting: setting, watcher: watcher,
      recorder: recorder, temporary: temporary)
    do {
      try await body(script)
    } catch {
      await watcher.stop()
      throw error
    }
    await watcher.stop()
  }

  /// Waits until everything is delivered but what is `pending`, checks that the view equals the file system
  /// if nothing is, and returns the sets since the last call.
  @discardableResult
  func sync(pending: [FilePath] = [], sourceLocation: SourceLocation = #_sourceLocation)
    async throws -> [ChangeSet]
  {
    let remaining = try await syncUntilNothingIsPending(watcher, but: pending)
    #expect(
      remaining == Set(pending), "these were pending at the end", sourceLocation: sourceLocation)
    let sets = recorder.take()
    if pending.isEmpty { expectViewEqualsFileSystem(sourceLocation: sourceLocation) }
    return sets
  }

  /// Expects that exactly these changes came since the last call, in one set; none if there are none.
  ///
  /// Polling sees two states and not what led from one to the other, so there a rename may be a deletion
  /// and a creation, and the changes may be spread over several sets.
  func expect(_ changes: FileChange..., sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let sets = try await sync(sourceLocation: sourceLocation)
    if setting.backend == .polling {
      let net = NetChanges(sets)
      let wanted = NetChanges([ChangeSet(number: 1, changes: changes)])
      #expect(net == wanted, "\(recorder.tail)", sourceLocation: sourceLocation)
      return
    }
    #expect(
      sets.count == (changes.isEmpty ? 0 : 1), "\(recorder.tail)", sourceLocation: sourceLocation)
    #expect(
      Set(sets.flatMap(\.changes)) == Set(changes), "\(recorder.tail)",
      sourceLocation: sourceLocation)
  }

  /// Expects that these changes came since the last call, in however many sets: for what rescans find, where
  /// a rename may be a deletion and a creation.
  func expectChanges(_ changes: [FileChange], sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let sets = try await sync(sourceLocation: sourceLocation)
    #expect(
      NetChanges(sets) == NetChanges([ChangeSet(number: 1, changes: changes)]),
      "\(recorder.tail)", sourceLocation: sourceLocation)
  }

  func expectViewEqualsFileSystem(sourceLocation: SourceLocation = #_sourceLocation) {
    let problems = recorder.problems()
    #expect(
      problems.isEmpty,
      "\(problems.joined(separator: "\n"))\nlast sets:\n\(recorder.tail)",
      sourceLocation: sourceLocation)
  }
}

/// Lets the file system's clock go on, so that what was written before has a time stamp that says so.
func waitForClockTick() async {
  let end = ContinuousClock.now + .milliseconds(12)
  while ContinuousClock.now < end { await Task.yield() }
}

/// How long a test lets a file be pending before it says that it always will be. Files that just became empty,
/// and files that polling has seen only once, are held for `debounce`.
let longestSettling = Duration.seconds(10)

/// Calls `sync()` until only these paths are pending, or it takes too long. Returns what is.
func syncUntilNothingIsPending(_ watcher: FileWatcher, but expected: [FilePath] = [])
  async throws -> Set<FilePath>
{
  let deadline = ContinuousClock.now + longestSettling
  while true {
    let report = try await watcher.sync()
    let pending = Set(report.pending)
    if pending == Set(expected) || ContinuousClock.now > deadline { return pending }
    await Task.yield()
  }
}

extension FileChange {
  static func created(_ path: FilePath) -> FileChange { FileChange(path: path, kind: .created) }
  static func modified(_ path: FilePath) -> FileChange { FileChange(path: path, kind: .modified) }
  static func deleted(_ path: FilePath) -> FileChange { FileChange(path: path, kind: .deleted) }
  static func renamed(_ from: FilePath, _ to: FilePath) -> FileChange {
    FileChange(path: to, kind: .renamed(from: from))
  }
}

/// What several sets come to, when a rename counts as a deletion and a creation.
struct NetChanges: Hashable, CustomStringConvertible {
  enum Effect: Hashable { case created, modified, deleted }
  private var effects: [FilePath: Effect] = [:]
  private var subtrees: Set<FilePath> = []

  init(_ sets: [ChangeSet]) {
    for set in sets {
      for change in set.changes {
        if case .renamed(let from) = change.kind { add(.deleted, from) }
      }
      for change in set.changes {
        switch change.kind {
        case .created, .renamed: add(.created, change.path)
        case .modified: add(.modified, change.path)
        case .deleted: add(.deleted, change.path)
        case .subtreeChanged: subtrees.insert(change.path)
        }
      }
    }
  }

  private mutating func add(_ effect: Effect, _ path: FilePath) {
    switch (effects[path], effect) {
    case (.created, .deleted): effects[path] = nil
    case (.created, _): effects[path] = .created
    case (.deleted, .created): effects[path] = .modified
    default: effects[path] = effect
    }
  }

  var description: String {
    effects.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
      + subtrees.map { " \($0)/**" }.joined()
  }
}
