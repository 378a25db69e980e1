import FileWatching
import Glibc
import Synchronization
import SystemPackage
import Testing

/// A watcher in another process: as another user, or in namespaces of its own.
final class WatcherProcess: Sendable {
  struct Status {
    var directories: Int
    var files: Int
    var watches: Int
    var degraded: Int
  }

  private struct State {
    var lines: LineReader
    var view: ReplayedView
    var notices: [String] = []
    var reported: [String] = []
    var changes: [String] = []
    var current: ChangeSet?
  }

  let root: Folder
  private let temporary: TemporaryFolder
  private let child: ChildProcess
  private let state: Mutex<State>

  /// Whether a process may make a user namespace with limits of its own here.
  static let canLimitWatches = succeeds(wrapper(watchLimit: 12) + ["true"])
  /// Whether a process may make a mount namespace and mount in it.
  static let canMount = succeeds([
    "unshare", "--mount", "sh", "-c", "mount --bind /proc /proc && exec true",
  ])
  /// Whether a process may become another user.
  static let canChangeUser = geteuid() == 0

  /// Starts a process that watches everything below a fresh folder, runs the body and stops it.
  static func run(
    backend: String = "automatic", asNobody: Bool = false, userNamespaceWatchLimit: Int? = nil,
    bindMount: (FilePath, FilePath)? = nil, prepare: (Folder) throws -> Void,
    body: (WatcherProcess) async throws -> Void
  ) async throws {
    let temporary = try TemporaryFolder(in: Disk.disk.path)
    try temporary.folder.makeFolder("root")
    let root = temporary.folder.folder("root")
    try prepare(root)
    await waitForClockTick()
    var arguments: [String] = []
    if let limit = userNamespaceWatchLimit { arguments = wrapper(watchLimit: limit) }
    if let (source, target) = bindMount {
      arguments = [
        "unshare", "--mount", "sh", "-c",
        "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
        root.at(source).string, root.at(target).string,
      ]
    }
    arguments += [
      try ChildProcess.product("WatcherProcess"), root.path.string, backend,
      asNobody ? "65534" : "0",
    ]
    let process = WatcherProcess(
      temporary: temporary, root: root, child: try ChildProcess(arguments))
    _ = try process.answer("ready")
    try await body(process)
    process.child.closeInput()
    #expect(process.child.wait() == 0)
  }

  private init(
    temporary: TemporaryFolder, root: Folder, child: ChildProcess
  ) {
    self.temporary = temporary
    self.root = root
    self.child = child
    let scope = Scope(root: root.path, include: ["**"], exclude: [], demanded: [])
    state = Mutex(State(lines: LineReader(child.output), view: ReplayedView(scope: scope)))
  }

  /// Changes the limit in a user namespace of its own, having made sure that it is one. The limits below
  /// `fs.inotify` are never written: those are the whole machine's even there.
  private static func wrapper(watchLimit: Int) -> [String] {
    [
      "unshare", "--user", "--map-root-user", "sh", "-c",
      """
      [ "$(readlink /proc/self/ns/user)" != "$(readlink /proc/$0/ns/user)" ] || exit 9
      echo \(watchLimit) > /proc/sys/user/max_inotify_watches && exec "$@"
      """,
      "\(getpid())",
    ]
  }

  private static func succeeds(_ arguments: [String]) -> Bool {
    guard let child = try? ChildProcess(arguments, mergingErrors: true) else { return false }
    child.closeInput()
    return child.wait() == 0
  }

  /// Until everything is delivered and nothing is pending.
  func sync() async throws {
    let deadline = ContinuousClock.now + longestSettling
    while try command("sync", answer: "synced").count > 1 {
      try #require(ContinuousClock.now < deadline, "files stay pending")
      await Task.yield()
    }
  }

  func status() async throws -> Status {
    let fields = try command("status", answer: "status").dropFirst().compactMap { Int($0) }
    try #require(fields.count == 4)
    return Status(
      directories: fields[0], files: fields[1], watches: fields[2], degraded: fields[3])
  }

  /// The error number that the process gets when it opens a folder; 0 if it may.
  func openFailure(_ folder: FilePath) async throws -> CInt {
    try #require(CInt(command("open \(folder)", answer: "errno").last ?? ""))
  }

  /// `KIND PATH` of every change since the last call, sorted; without modifications that changed nothing.
  func takeChanges() -> [String] {
    state.withLock { state in
      defer { (state.changes, state.reported) = ([], []) }
      return state.changes.sorted()
    }
  }

  /// The same with those: this process may see content that the other may not.
  func takeReported() -> [String] {
    state.withLock { state in
      defer { (state.changes, state.reported) = ([], []) }
      return state.reported.sorted()
    }
  }

  var notices: [String] { state.withLock { $0.notices } }

  func expectViewEqualsFileSystem(sourceLocation: SourceLocation = #_sourceLocation) {
    let problems = state.withLock { $0.view.violations + $0.view.differences() }
    #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
  }

  private func command(_ text: String, answer word: String) throws -> [String] {
    try writeAll(child.input, text + "\n")
    return try answer(word)
  }

  /// Reads lines, replaying sets, until one begins with `word`.
  private func answer(_ word: String) throws -> [String] {
    try state.withLock { state in
      while let line = state.lines.next() {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        if fields[0] == word { return fields }
        if fields[0] == "error" { throw ChildFailure(description: line) }
        Self.replay(fields, into: &state)
      }
      throw ChildFailure(description: "the watcher's process ended")
    }
  }

  private static func words(_ change: FileChange) -> [String] {
    switch change.kind {
    case .created: ["created \(change.path)"]
    case .modified: ["modified \(change.path)"]
    case .deleted: ["deleted \(change.path)"]
    case .renamed(let from): ["deleted \(from)", "created \(change.path)"]
    case .subtreeChanged: ["subtree \(change.path)"]
    }
  }

  private static func replay(_ fields: [String], into state: inout State) {
    switch fields.first {
    case "set":
      state.current = ChangeSet(number: UInt64(fields[1]) ?? 0, changes: [])
    case "change":
      let path = FilePath(fields[2])
      let kind: FileChange.Kind =
        switch fields[1] {
        case "created": .created
        case "modified": .modified
        case "deleted": .deleted
        case "renamed": .renamed(from: FilePath(fields[3]))
        default: .subtreeChanged
        }
      state.current?.changes.append(FileChange(path: path, kind: kind))
    case "notice":
      state.current?.notices.append(.rescanned(.rootChanged))
      state.notices.append(fields[1])
    default:
      if let set = state.current {
        state.reported += set.changes.flatMap(Self.words)
        state.changes += state.view.apply(set).changes.flatMap(Self.words)
      }
      state.current = nil
    }
  }
}
