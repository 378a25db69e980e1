import SystemPackage
import WorkspaceTools

/// The rules of supervising a program, without any process, file, thread or clock: events and the time go in, actions come out.
///
/// Two things go on side by side: the work on what changed (check, build, then the action), one at a time, and the
/// life of the program. Whoever drives it performs the actions in their order, and answers those that ask for it.
/// Time is a duration since any fixed moment.
struct SupervisorMachine: Sendable {
  enum Event: Sendable {
    /// The beginning; these files are checked before the first start.
    case begin([FilePath])
    case changed([FilePath])
    case checked(Work, CheckResult)
    case built(Work, HelperResult)
    case executed(Work, HelperResult)
    case started(Run, process: Int32)
    case startFailed(Run, ProgramError)
    /// The program itself ended; others of its group may be left.
    case ended(Run, ProgramExit)
    /// Nobody is left of the program's group.
    case gone(Run)
    /// Somebody wants the supervisor to end. A second time: at once.
    case stop
    /// A deadline may have passed.
    case timePassed
  }

  enum Action: Sendable, Hashable {
    /// Answer: `checked`. At the beginning the files are there, but have not changed.
    case check(Work, [FilePath], isBeginning: Bool)
    /// Answer: `built`.
    case build(Work)
    /// Answer: `executed`.
    case execute(Work, [String], [FilePath])
    /// End this; its answer is of no interest any more.
    case breakOff(Work)
    /// Answer: `started` or `startFailed`; later `ended`, then `gone`.
    case start(Run)
    case signal(ProcessSignal, toGroup: Bool)
    case tell(SupervisorEvent)
    /// Everything has ended; with this exit code.
    case end(CInt)
  }

  /// The number of a check, build or command, by which what comes late is known.
  struct Work: Sendable, Hashable { var number: Int }
  /// The number of a start of the program.
  struct Run: Sendable, Hashable { var number: Int }

  /// What the checks found.
  struct CheckResult: Sendable {
    struct OutsideFailure: Sendable, Hashable {
      var file: FilePath?
      var reason: String
      var output: [String] = []
    }

    /// What our parsers say against files.
    var rejected: [FilePath: [ConfigDiagnostic]] = [:]
    /// What the outside check says.
    var failures: [OutsideFailure] = []

    var isGood: Bool { rejected.isEmpty && failures.isEmpty }
  }

  /// How a build or command ended.
  struct HelperResult: Sendable {
    var isSuccess: Bool
    /// For a person: `exit code 2`.
    var reason: String
    var output: [String] = []
  }

  enum Program: Sendable, Hashable {
    /// It does not run.
    case absent
    /// It is started at this time.
    case pausing(until: Duration)
    case starting
    case running(since: Duration)
    case leaving(Leaving)
    /// It does not run, and never will.
    case finished
  }

  /// A program that is about to be gone.
  struct Leaving: Sendable, Hashable {
    var since: Duration
    /// When its group is killed or, after that, left behind.
    var deadline: Duration
    var isKilled = false
    /// Whether we asked for it.
    var isAsked: Bool
    /// How the program itself ended, if it did.
    var status: ProgramExit?
  }

  enum Verdict: Sendable, Hashable {
    case unchecked(former: [ConfigDiagnostic]?)
    case good
    case bad([ConfigDiagnostic])
  }

  enum WorkKind: Sendable, Hashable { case check, build, execute }

  let settings: SupervisorSettings
  /// Whether Ctrl-C reaches the program instead of us.
  let hasTerminal: Bool
  var program = Program.absent
  var run = Run(number: 0)
  var work: (id: Work, kind: WorkKind)?
  var lastWork = 0
  /// The files that changed since the last action was done.
  var files: [FilePath: Verdict] = [:]
  /// Something changed since the work under way began.
  var isDirty = false
  /// Whether the program is started when it is gone.
  var startsAgain = false
  var isEnding = false
  /// How many runs in a row were over at once.
  var quickRuns = 0
  /// How many runs in a row ended early with an error.
  var crashes = 0
  private(set) var actions: [Action] = []

  init(settings: SupervisorSettings, hasTerminal: Bool = false) {
    self.settings = settings
    self.hasTerminal = hasTerminal
  }

  /// When it wants to hear of the time next.
  var nextDeadline: Duration? {
    switch program {
    case .pausing(let until): until
    case .leaving(let leaving): leaving.deadline
    case .absent, .starting, .running, .finished: nil
    }
  }

  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    guard program != .finished else { return [] }
    switch event {
    case .begin(let files):
      note(files)
      beginWork(at: now, isBeginning: true)
    case .changed(let files): change(files, at: now)
    case .checked(let id, let result) where id == work?.id: checked(result, at: now)
    case .built(let id, let result) where id == work?.id: built(result, at: now)
    case .executed(let id, let result) where id == work?.id: executed(result, at: now)
    case .started(let run, let process) where run == self.run: started(process, at: now)
    case .startFailed(let run, let error) where run == self.run: startFailed(error, at: now)
    case .ended(let run, let status) where run == self.run: ended(status, at: now)
    case .gone(let run) where run == self.run: gone(at: now)
    case .stop: stop(at: now)
    case .timePassed: timePassed(at: now)
    case .checked, .built, .executed, .started, .startFailed, .ended, .gone: break
    }
    defer { actions = [] }
    return actions
  }

  mutating func act(_ action: Action) { actions.append(action) }
  mutating func tell(_ event: SupervisorEvent) { actions.append(.tell(event)) }
}
