import Dispatch
import FileWatching
import Glibc
import HotReload
import HotReloadProcess
import Logging
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// One `hotreload run`: a watcher, a supervisor, and between them what git ignores.
struct ProgramRun: Sendable {
  private let command: RunCommand
  private let workspace: Workspace
  private let ignoring: GitIgnore?
  private let output = StandardOutput()
  private let renderer: SupervisorRenderer
  private let loop = BuildLoopBox()
  private let onEvent: @Sendable (SupervisorEvent) -> Void
  /// Ends when somebody else wants it to end.
  private let stopping: AsyncStream<Never>
  private let stopSignal: AsyncStream<Never>.Continuation

  /// - Parameter onEvent: is told what happens, beside whoever reads the output.
  init(_ command: RunCommand, onEvent: @escaping @Sendable (SupervisorEvent) -> Void = { _ in })
    throws
  {
    self.command = command
    self.onEvent = onEvent
    (stopping, stopSignal) = AsyncStream.makeStream()
    workspace = try command.options.workspace()
    ignoring = command.noGitignore ? nil : GitIgnore(root: workspace.root)
    renderer = SupervisorRenderer(program: printable(command.command[0]))
  }

  /// Ends the program, and then the run.
  func stop() { stopSignal.finish() }

  /// Returns the exit code.
  func run() async throws -> Int32 {
    // Who started us may have ignored it, and then the system would not tell how programs end.
    signal(SIGCHLD, SIG_DFL)
    let settings = try await BlockingExecutor.shared.run { [workspace, command] in
      command.noHandlers ? [] : try CommandHandlerSettings.load(from: workspace)
    }
    let watcher = try await startWatching()
    let run = self
    let supervisor = ProgramSupervisor(
      ProgramInvocation(command.command), settings: command.program.settings, workspace: workspace,
      outputToErrors: command.json, report: { run.report($0) })
    let signals = await StopSignals { supervisor.stop() }
    let manager = try await startHandlers(settings)
    let watching = Task {
      for await set in watcher.changeSets() {
        let files = await run.files(of: set)
        if !files.isEmpty, run.admits(files) { supervisor.changed(files) }
      }
    }
    let stopper = Task {
      for await _ in stopping {}
      supervisor.stop()
    }
    let code = await supervisor.run(checking: command.program.noParse ? [] : configs())
    signals.end()
    stop()
    await stopper.value
    await watcher.stop()
    await watching.value
    try await manager?.shutdown()
    return code
  }
}

// MARK: Watching

extension ProgramRun {
  private func startWatching() async throws -> FileWatcher {
    let excludes = command.exclude.isEmpty ? RunCommand.defaultExcludes : command.exclude
    let ignored = try await BlockingExecutor.shared.run { [ignoring] in ignoring?.excludes() ?? [] }
    let watching = command.watching
    var subscription = FileWatcher.Subscription(
      include: command.include.isEmpty ? ["**"] : command.include, exclude: excludes + ignored)
    // Rules that are too many for one filter are applied to what comes in, as all others are.
    if (try? PathFilter(include: subscription.include, exclude: subscription.exclude)) == nil {
      subscription.exclude = excludes
    }
    if let quietPeriod = watching.quietPeriod { subscription.quietPeriod = quietPeriod.duration }
    if let debounce = watching.debounce { subscription.debounce = debounce.duration }
    subscription.maxWait = max(
      subscription.maxWait, subscription.debounce, subscription.quietPeriod)
    let watcher = try await FileWatcher.start(
      root: workspace.root, subscriptions: [subscription], options: watching.watcherOptions)
    report(try await watcher.status())
    return watcher
  }

  private func report(_ status: FileWatcher.Status) {
    guard command.json else {
      logLine(
        "hotreload: watching \(printable(workspace.root)): \(status.directories) folders, "
          + "\(status.files) files (\(status.backend))")
      return
    }
    var line = JSONLine(event: "watching")
    line.add("backend", status.backend)
    line.add("root", path: workspace.root)
    line.add("directories", status.directories)
    line.add("files", status.files)
    print(line.finished())
  }

  /// The files of a set that git does not ignore.
  private func files(of set: ChangeSet) async -> [FilePath] {
    for notice in set.notices { logLine("hotreload: \(ChangeSetRenderer.sentence(notice))") }
    let files = set.changes.flatMap { change in
      if case .renamed(let from) = change.kind { [change.path, from] } else { [change.path] }
    }
    guard let ignoring else { return files }
    let kept = try? await BlockingExecutor.shared.run { files.filter { !ignoring.ignores($0) } }
    return kept ?? files
  }

  /// Whether a change is worked on, and is not only the build's own doing.
  private func admits(_ files: [FilePath]) -> Bool {
    switch loop.judge(files) {
    case .admitted: return true
    case .dropped(let named):
      if let named {
        let names = named.prefix(SupervisorRenderer.namedFiles).map(printable).joined(
          separator: ", ")
        logLine(
          "hotreload: each build changes \(names), which starts the next; it is not built again until something else "
            + "changes. Leave its output out: --exclude GLOB, or .gitignore")
      }
      return false
    }
  }

  /// The configs that must be good before the first start: those that count when they change.
  private func configs() async -> [FilePath] {
    let excludes = command.exclude.isEmpty ? RunCommand.defaultExcludes : command.exclude
    let include = command.include.isEmpty ? ["**"] : command.include
    guard
      let found = try? await workspace.findResources(
        "config/**/*.{toml,yaml,yml,json}", excluding: excludes),
      let filter = try? PathFilter(include: include, exclude: excludes)
    else { return [] }
    let counting = found.filter(filter.matches)
    guard let ignoring else { return counting }
    let kept = try? await BlockingExecutor.shared.run { counting.filter { !ignoring.ignores($0) } }
    return kept ?? counting
  }
}

// MARK: Telling

extension ProgramRun {
  private func report(_ event: SupervisorEvent) {
    loop.note(event)
    onEvent(event)
    if command.json {
      print(renderer.json(event, time: nanosecondsSince1970()))
    } else {
      for line in renderer.text(event).split(separator: "\n", omittingEmptySubsequences: false) {
        logLine("hotreload: \(line)")
      }
    }
  }

  /// The program matters more than whoever reads about it, so that nobody reads any more does not end it.
  private func print(_ line: [UInt8]) {
    try? output.write(line)
  }

  private func report(_ failure: CommandHandlerError) {
    guard command.json else {
      for line in failure.description.split(separator: "\n") {
        logLine("hotreload: handler: \(printable(String(line)))")
      }
      return
    }
    var line = JSONLine(event: "handlerFailed")
    line.add("message", failure.description)
    print(line.finished())
  }

  /// A manager only for the commands of `hotreload.toml`; nil if there are none.
  private func startHandlers(_ settings: [CommandHandlerSettings]) async throws -> HotReloadManager?
  {
    guard !settings.isEmpty else { return nil }
    var logger = Logger(label: HotReloadConfiguration.loggerLabel)
    // What is wrong with configs is told by the supervisor.
    logger.logLevel = .critical
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        keepsJournal: false, loadOptions: workspace.loadOptions, logger: logger))
    let run = self
    try manager.registerCommandHandlers(
      settings, redaction: command.options.redaction, onFailure: { run.report($0) })
    return manager
  }
}

/// A ``HotReloadProcess/BuildLoop`` that two tasks use.
private final class BuildLoopBox: Sendable {
  private let loop = Mutex(BuildLoop())
  private let start = ContinuousClock.now

  func note(_ event: SupervisorEvent) {
    let now = start.duration(to: .now)
    loop.withLock { loop in
      switch event {
      case .building: loop.began()
      case .built, .buildFailed, .brokenOff: loop.ended(at: now)
      default: break
      }
    }
  }

  func judge(_ files: [FilePath]) -> BuildLoop.Verdict {
    let now = start.duration(to: .now)
    return loop.withLock { $0.judge(files, at: now) }
  }
}

/// The signals by which somebody wants us to end.
private struct StopSignals {
  private let sources: [any DispatchSourceSignal]

  /// When it returns, they are heard. They are not ignored until then: see ``Ending``.
  init(_ stop: @escaping @Sendable () -> Void) async {
    var sources: [any DispatchSourceSignal] = []
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      // Who was started with nohup goes on without its terminal.
      if number == SIGHUP, Self.isIgnored(number) { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: stop)
      await withCheckedContinuation { registered in
        source.setRegistrationHandler { registered.resume() }
        source.resume()
      }
      sources.append(source)
    }
    self.sources = sources
  }

  private static func isIgnored(_ number: CInt) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  func end() {
    for source in sources { source.cancel() }
  }
}
