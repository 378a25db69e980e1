// The life of the program.
extension SupervisorMachine {
  /// Starts the program, after a pause if its last runs were over at once.
  mutating func start(at now: Duration) {
    startsAgain = false
    let pause = Self.pause(after: quickRuns - SupervisorSettings.freeStarts)
    if pause > .zero {
      pauseBeforeStart(pause, at: now)
    } else {
      startAtOnce()
    }
  }

  /// Starts the program, unless something changed since that is not known to be good. Then the work on that starts it.
  private mutating func startIfSure(at now: Duration, _ start: (inout Self) -> Void) {
    guard isUnsure else {
      start(&self)
      return
    }
    program = .absent
    guard work == nil else { return }
    if isDirty { beginWork(at: now) } else { tell(.waiting) }
  }

  private mutating func pauseBeforeStart(_ pause: Duration, at now: Duration) {
    tell(.pausing(pause))
    program = .pausing(until: now + pause)
  }

  private mutating func startAtOnce() {
    run.number += 1
    program = .starting
    act(.start(run))
  }

  /// The pause after so many misfortunes: none, then doubled with each up to the longest.
  static func pause(after count: Int) -> Duration {
    guard count > 0 else { return .zero }
    // More doublings than these are above the longest anyway.
    let doublings = min(count - 1, 16)
    return min(SupervisorSettings.firstPause * (1 << doublings), SupervisorSettings.longestPause)
  }

  mutating func started(_ process: Int32, at now: Duration) {
    guard program == .starting else { return }
    program = .running(since: now)
    tell(.started(process: process, run: run.number))
    if isEnding || startsAgain {
      askToLeave(at: now)
    } else if isDirty, work == nil {
      beginWork(at: now)
    }
  }

  mutating func startFailed(_ error: ProgramError, at now: Duration) {
    guard program == .starting else { return }
    program = .absent
    tell(.startFailed(error))
    if isEnding || run.number == 1 {
      end(error.shellCode)
      return
    }
    crashes += 1
    afterEnd(shellCode: error.shellCode, isSuccess: false, at: now)
  }

  /// Asks the program's whole group to end.
  mutating func askToLeave(at now: Duration) {
    guard case .running(let since) = program else { return }
    tell(.stopping(settings.stopSignal, restarts: !isEnding))
    act(.signal(settings.stopSignal, toGroup: true))
    program = .leaving(
      Leaving(since: since, deadline: now + settings.stopTimeout, isAsked: true))
  }

  mutating func ended(_ status: ProgramExit, at now: Duration) {
    switch program {
    case .running(let since):
      let isAsked = hasTerminal && status == .signal(ProcessSignal.interrupt.rawValue)
      if isAsked { isEnding = true } else { tell(.exited(status)) }
      // Those that it left behind must not outlive it.
      act(.signal(settings.stopSignal, toGroup: true))
      program = .leaving(
        Leaving(
          since: since, deadline: now + settings.stopTimeout, isAsked: isAsked, status: status))
      noteRun(from: since, to: now, isSuccess: status.isSuccess || isAsked)
    case .leaving(var leaving):
      guard leaving.status == nil else { return }
      leaving.status = status
      program = .leaving(leaving)
      noteRun(from: leaving.since, to: now, isSuccess: true)
    case .absent, .pausing, .starting, .finished: break
    }
  }

  private mutating func noteRun(from start: Duration, to end: Duration, isSuccess: Bool) {
    let length = end - start
    quickRuns = length < SupervisorSettings.quickRun ? quickRuns + 1 : 0
    crashes = !isSuccess && length < SupervisorSettings.healthyRun ? crashes + 1 : 0
  }

  mutating func gone(at now: Duration) {
    guard case .leaving(let leaving) = program else { return }
    let status = leaving.status ?? .signal(ProcessSignal.kill.rawValue)
    program = .absent
    if leaving.isAsked { tell(.stopped(status)) }
    if isEnding {
      end(code(for: status, isAsked: leaving.isAsked))
    } else if startsAgain {
      startIfSure(at: now) { $0.start(at: now) }
    } else {
      afterEnd(shellCode: status.shellCode, isSuccess: status.isSuccess, at: now)
    }
  }

  /// A program that obeys the signal ended well; one that has something to say says it with its code.
  private func code(for status: ProgramExit, isAsked: Bool) -> CInt {
    if case .signal = status, isAsked { return 0 }
    return status.shellCode
  }

  /// It ended by itself, or could not be started again.
  private mutating func afterEnd(shellCode: CInt, isSuccess: Bool, at now: Duration) {
    switch settings.onExit {
    case .end: end(shellCode)
    case .wait:
      tell(.waiting)
      if isDirty, work == nil { beginWork(at: now) }
    case .restart where isSuccess: end(shellCode)
    case .restart:
      if crashes >= SupervisorSettings.maximumCrashes {
        tell(.gaveUp(crashes: crashes))
        end(shellCode)
      } else {
        startsAgain = false
        pauseBeforeStart(Self.pause(after: max(crashes, 1)), at: now)
      }
    }
  }

  mutating func stop(at now: Duration) {
    if isEnding {
      killNow(at: now)
      return
    }
    isEnding = true
    breakOffWork()
    switch program {
    case .absent, .pausing: end(0)
    case .running: askToLeave(at: now)
    case .starting, .leaving, .finished: break
    }
  }

  private mutating func killNow(at now: Duration) {
    guard case .leaving(let leaving) = program, !leaving.isKilled else { return }
    kill(leaving, at: now)
  }

  private mutating func kill(_ leaving: Leaving, at now: Duration) {
    var leaving = leaving
    leaving.isKilled = true
    leaving.deadline = now + SupervisorSettings.killTimeout
    program = .leaving(leaving)
    tell(.killing)
    act(.signal(.kill, toGroup: true))
  }

  mutating func timePassed(at now: Duration) {
    switch program {
    case .pausing(let until) where now >= until: startIfSure(at: now) { $0.startAtOnce() }
    case .leaving(let leaving) where now >= leaving.deadline:
      if leaving.isKilled {
        tell(.abandoned)
        gone(at: now)
      } else {
        kill(leaving, at: now)
      }
    case .pausing, .leaving, .absent, .starting, .running, .finished: break
    }
  }

  private mutating func breakOffWork() {
    if let work { act(.breakOff(work.id)) }
    work = nil
    isDirty = false
  }

  private mutating func end(_ code: CInt) {
    breakOffWork()
    program = .finished
    act(.end(code))
  }
}
