import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("The supervisor's rules")
struct SupervisorMachineTests {
  private static let app: FilePath = "config/app.toml"
  private static let problem = ConfigDiagnostic(
    location: SourceLocation(file: "config/app.toml", line: 1, column: 8), message: "bad")

  private static func settings(
    _ change: (inout SupervisorSettings) -> Void = { _ in }
  ) -> SupervisorSettings {
    var settings = SupervisorSettings()
    change(&settings)
    return settings
  }

  /// A machine whose program runs, at second 0.
  private static func running(_ settings: SupervisorSettings = settings()) -> Driven {
    var driven = Driven(settings)
    driven.handle(.begin([]))
    driven.checked()
    if settings.build != nil { driven.built(true) }
    driven.started()
    driven.actions = []
    return driven
  }

  @Test("Nothing is started before what is there at the beginning was found good")
  func beginsWithACheck() {
    var driven = Driven(Self.settings())
    driven.handle(.begin([Self.app]))
    #expect(driven.names == ["check 1"])
    driven.checked(rejecting: [Self.app: [Self.problem]])
    #expect(driven.names == ["check 1", "rejected", "waiting"])
    driven.handle(.changed([Self.app]))
    driven.checked()
    #expect(driven.names.suffix(3) == ["check 2", "recovered", "start 1"])
  }

  @Test("A good change stops the program, and starts it again when all of its group have gone")
  func restart() {
    var driven = Self.running()
    driven.handle(.changed([Self.app]))
    driven.checked()
    #expect(driven.names == ["changed", "check 2", "stopping", "TERM to group"])
    driven.handle(.ended(driven.run, .signal(15)))
    #expect(driven.names.last == "TERM to group")
    driven.handle(.gone(driven.run))
    #expect(driven.names.suffix(2) == ["stopped", "start 2"])
  }

  @Test("A bad change does nothing, and the next good one does what was to be done")
  func badChange() {
    var driven = Self.running(Self.settings { $0.onChange = .signal(.hangUp) })
    driven.handle(.changed([Self.app]))
    driven.checked(rejecting: [Self.app: [Self.problem]])
    #expect(driven.names == ["changed", "check 2", "rejected"])
    driven.handle(.changed(["other.txt"]))
    driven.checked(rejecting: [Self.app: [Self.problem]])
    // What was said is not said again, and one bad file holds up all others.
    #expect(driven.names.suffix(2) == ["changed", "check 3"])
    driven.handle(.changed([Self.app]))
    driven.checked()
    #expect(driven.names.suffix(3) == ["recovered", "HUP", "signaled"])
  }

  @Test("Nobody is asked twice about a file that was found good and has not changed since")
  func checksOnlyWhatIsOpen() {
    var driven = Self.running()
    driven.handle(.changed([Self.app, "a.toml"]))
    driven.checked(rejecting: [Self.app: [Self.problem]])
    driven.handle(.changed([Self.app]))
    #expect(driven.actions.last == .check(driven.work, [Self.app], isBeginning: false))
  }

  @Test(
    "A program that does not end in time is killed with its group, and one that cannot be is left behind"
  )
  func stopTimeout() {
    var driven = Self.running(Self.settings { $0.stopTimeout = .seconds(3) })
    driven.handle(.stop)
    #expect(driven.machine.nextDeadline == .seconds(3))
    driven.now = .milliseconds(2_999)
    driven.handle(.timePassed)
    #expect(driven.names == ["stopping", "TERM to group"])
    driven.now = .seconds(3)
    driven.handle(.timePassed)
    #expect(driven.names.suffix(2) == ["killing", "KILL to group"])
    driven.now += SupervisorSettings.killTimeout
    driven.handle(.timePassed)
    #expect(driven.names.suffix(3) == ["abandoned", "stopped", "end 0"])
  }

  @Test(
    "Who is stopped ends with the program's own code, or with 0 if the signal ended it",
    arguments: [(ProgramExit.code(0), CInt(0)), (.code(3), 3), (.signal(15), 0), (.signal(9), 0)])
  func stopCode(status: ProgramExit, code: CInt) {
    var driven = Self.running()
    driven.handle(.stop)
    driven.handle(.ended(driven.run, status))
    driven.handle(.gone(driven.run))
    #expect(driven.names.last == "end \(code)")
  }

  @Test(
    "The code of a program that ends by itself is passed on",
    arguments: [(ProgramExit.code(0), CInt(0)), (.code(7), 7), (.signal(9), 137)])
  func exitCode(status: ProgramExit, code: CInt) {
    var driven = Self.running()
    driven.handle(.ended(driven.run, status))
    #expect(driven.names == ["exited", "TERM to group"])
    driven.handle(.gone(driven.run))
    #expect(driven.names.last == "end \(code)")
  }

  @Test("A second wish to end kills at once")
  func secondStop() {
    var driven = Self.running()
    driven.handle(.stop)
    driven.handle(.stop)
    #expect(driven.names.suffix(2) == ["killing", "KILL to group"])
    driven.handle(.stop)
    #expect(driven.names.count == 4)
  }

  @Test(
    "Ctrl-C at the terminal, which only the program gets, is a wish to end, whatever else is to be done then"
  )
  func interruptAtTheTerminal() {
    var driven = Driven(Self.settings { $0.onExit = .restart }, hasTerminal: true)
    driven.handle(.begin([]))
    driven.checked()
    driven.started()
    driven.handle(.ended(driven.run, .signal(2)))
    driven.handle(.gone(driven.run))
    #expect(driven.names.suffix(2) == ["stopped", "end 0"])
  }

  @Test(
    "With the wait policy the next good change starts the program again, whatever is done on a change"
  )
  func waits() {
    var driven = Self.running(
      Self.settings {
        $0.onExit = .wait
        $0.onChange = .signal(.hangUp)
      })
    driven.handle(.ended(driven.run, .code(1)))
    driven.handle(.gone(driven.run))
    #expect(driven.names.last == "waiting")
    driven.handle(.changed([Self.app]))
    driven.checked()
    #expect(driven.names.last == "start 2")
  }

  @Test("A program that crashes is started again with growing pauses, and not without bound")
  func crashLoop() {
    var driven = Self.running(Self.settings { $0.onExit = .restart })
    var pauses: [Duration] = []
    for _ in 1..<SupervisorSettings.maximumCrashes {
      driven.handle(.ended(driven.run, .code(1)))
      driven.handle(.gone(driven.run))
      let deadline = driven.machine.nextDeadline ?? .zero
      pauses.append(deadline - driven.now)
      driven.now = deadline
      driven.handle(.timePassed)
      driven.started()
    }
    #expect(pauses.prefix(3) == [.milliseconds(250), .milliseconds(500), .seconds(1)])
    #expect(pauses.last == SupervisorSettings.longestPause)
    driven.handle(.ended(driven.run, .code(1)))
    driven.handle(.gone(driven.run))
    #expect(driven.names.suffix(2) == ["gaveUp", "end 1"])
  }

  @Test(
    "A program that ran well for a while may crash again, and one that ends with 0 is not started again"
  )
  func healthyRuns() {
    var driven = Self.running(Self.settings { $0.onExit = .restart })
    for _ in 1...(2 * SupervisorSettings.maximumCrashes) {
      driven.now += SupervisorSettings.healthyRun
      driven.handle(.ended(driven.run, .code(1)))
      driven.handle(.gone(driven.run))
      driven.now = driven.machine.nextDeadline ?? .zero
      driven.handle(.timePassed)
      driven.started()
    }
    driven.handle(.ended(driven.run, .code(0)))
    driven.handle(.gone(driven.run))
    #expect(driven.names.last == "end 0")
  }

  @Test("A program that changes what it is restarted for does not restart without pauses")
  func restartLoop() {
    var driven = Self.running()
    for count in 1...(SupervisorSettings.freeStarts + 1) {
      driven.now += .milliseconds(100)
      driven.handle(.changed(["log.txt"]))
      driven.checked()
      driven.handle(.ended(driven.run, .signal(15)))
      driven.handle(.gone(driven.run))
      if count <= SupervisorSettings.freeStarts { driven.started() }
    }
    #expect(driven.machine.nextDeadline == driven.now + SupervisorSettings.firstPause)
  }

  @Test("While a build runs the old program goes on, and a failed one leaves it as it is")
  func build() {
    var driven = Self.running(Self.settings { $0.build = ["make"] })
    driven.handle(.changed(["main.c"]))
    driven.checked()
    #expect(driven.names == ["changed", "check 3", "building", "build 4"])
    driven.built(false)
    #expect(driven.names.last == "buildFailed")
    driven.handle(.changed(["main.c"]))
    driven.checked()
    driven.built(true)
    #expect(driven.names.suffix(3) == ["built", "stopping", "TERM to group"])
  }

  @Test(
    "A change during a build waits for its end, and is checked and built before anything is done")
  func queue() {
    var driven = Self.running(Self.settings { $0.build = ["make"] })
    driven.handle(.changed(["main.c"]))
    driven.checked()
    driven.handle(.changed([Self.app]))
    #expect(driven.names.last == "changed")
    driven.built(true)
    #expect(driven.names.suffix(2) == ["built", "check 5"])
    driven.checked(rejecting: [Self.app: [Self.problem]])
    #expect(!driven.names.contains("stopping"))
  }

  @Test("With the restart policy a change breaks a build off; its late answer counts for nothing")
  func breakOff() {
    var driven = Self.running(
      Self.settings {
        $0.build = ["make"]
        $0.onBusy = .restart
      })
    driven.handle(.changed(["main.c"]))
    driven.checked()
    let old = driven.work
    driven.handle(.changed(["main.c"]))
    #expect(driven.names.suffix(4) == ["changed", "break off 4", "brokenOff", "check 5"])
    driven.handle(.built(old, .init(isSuccess: true, reason: "")))
    #expect(driven.names.last == "check 5")
  }

  @Test("With the ignore policy a change during a build is forgotten")
  func ignore() {
    var driven = Self.running(
      Self.settings {
        $0.build = ["make"]
        $0.onBusy = .ignore
      })
    driven.handle(.changed(["main.c"]))
    driven.checked()
    driven.handle(.changed(["main.o"]))
    driven.built(true)
    #expect(driven.names.suffix(4) == ["ignored", "built", "stopping", "TERM to group"])
  }

  @Test("A bad change during a restart keeps the program from being started, until it is mended")
  func badChangeDuringRestart() {
    var driven = Self.running()
    driven.handle(.changed(["main.c"]))
    driven.checked()
    driven.handle(.changed([Self.app]))
    driven.checked(rejecting: [Self.app: [Self.problem]])
    driven.handle(.ended(driven.run, .signal(15)))
    driven.handle(.gone(driven.run))
    #expect(driven.names.suffix(2) == ["stopped", "waiting"])
    driven.handle(.changed([Self.app]))
    driven.checked()
    #expect(driven.names.suffix(2) == ["recovered", "start 2"])
  }

  @Test("A command runs beside the program, with all files that changed since the last one")
  func execute() {
    var driven = Self.running(Self.settings { $0.onChange = .execute(["make", "css"]) })
    driven.handle(.changed(["a.css"]))
    driven.checked(failures: [.init(file: nil, reason: "no")])
    driven.handle(.changed(["b.css"]))
    driven.checked()
    #expect(driven.actions.last == .execute(driven.work, ["make", "css"], ["a.css", "b.css"]))
    driven.handle(.executed(driven.work, .init(isSuccess: false, reason: "exit code 1")))
    #expect(driven.names.suffix(1) == ["executed"])
  }

  @Test(
    "A program that cannot be started at first ends with the shell's code; later it ends as its policy says"
  )
  func startFailure() {
    var driven = Driven(Self.settings())
    driven.handle(.begin([]))
    driven.checked()
    driven.handle(.startFailed(driven.run, ProgramError(name: "x", errno: 2)))
    #expect(driven.names.suffix(2) == ["startFailed", "end 127"])
    #expect(driven.machine.handle(.stop, at: .zero).isEmpty)
  }
}

/// A machine, the time, and the actions that it gave so far.
struct Driven {
  var machine: SupervisorMachine
  var now = Duration.zero
  var actions: [SupervisorMachine.Action] = []

  init(_ settings: SupervisorSettings, hasTerminal: Bool = false) {
    machine = SupervisorMachine(settings: settings, hasTerminal: hasTerminal)
  }

  var run: SupervisorMachine.Run { machine.run }
  var work: SupervisorMachine.Work { machine.work?.id ?? .init(number: 0) }
  var names: [String] { actions.map(\.shortName) }

  mutating func handle(_ event: SupervisorMachine.Event) {
    actions += machine.handle(event, at: now)
  }

  mutating func checked(
    rejecting rejected: [FilePath: [ConfigDiagnostic]] = [:],
    failures: [SupervisorMachine.CheckResult.OutsideFailure] = []
  ) {
    handle(.checked(work, .init(rejected: rejected, failures: failures)))
  }

  mutating func built(_ isSuccess: Bool) {
    handle(.built(work, .init(isSuccess: isSuccess, reason: "")))
  }

  mutating func started() { handle(.started(run, process: 100)) }
}

extension SupervisorMachine.Action {
  /// `start 1`, `TERM to group`; of what is told its name.
  var shortName: String {
    switch self {
    case .check(let work, _, _): "check \(work.number)"
    case .build(let work): "build \(work.number)"
    case .execute(let work, _, _): "execute \(work.number)"
    case .breakOff(let work): "break off \(work.number)"
    case .start(let run): "start \(run.number)"
    case .signal(let signal, let toGroup): toGroup ? "\(signal) to group" : "\(signal)"
    case .tell(let event): String("\(event)".prefix { $0 != "(" })
    case .end(let code): "end \(code)"
    }
  }
}
