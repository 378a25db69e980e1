import SystemPackage
import WorkspaceTools

// The work on what changed: check, build, action.
extension SupervisorMachine {
  /// Whether a change has to wait, or whatever else the policy says.
  private var isBusy: Bool {
    switch program {
    case .leaving(let leaving): work != nil || leaving.isAsked || startsAgain
    case .starting, .pausing: true
    case .absent, .running, .finished: work != nil
    }
  }

  mutating func change(_ changed: [FilePath], at now: Duration) {
    guard !isEnding, !changed.isEmpty else { return }
    guard isBusy else {
      tell(.changed(changed))
      note(changed)
      beginWork(at: now)
      return
    }
    if settings.onBusy == .ignore {
      tell(.ignored(changed))
      return
    }
    tell(.changed(changed))
    note(changed)
    isDirty = true
    if settings.onBusy == .restart, let work {
      act(.breakOff(work.id))
      tell(.brokenOff)
      beginWork(at: now)
    } else if work == nil, canWorkMeanwhile {
      beginWork(at: now)
    }
  }

  /// What changes before a start must be good before it, so it is checked while the former program still ends.
  private var canWorkMeanwhile: Bool { program != .starting }

  /// Whether a start now would show the program something that is not known to be good.
  var isUnsure: Bool { isDirty || !files.isEmpty }

  /// Remembers files until the next action.
  mutating func note(_ changed: [FilePath]) {
    for file in changed {
      guard files[file] != nil || files.count < SupervisorSettings.maximumFiles else { continue }
      switch files[file] {
      case .bad(let former): files[file] = .unchecked(former: former)
      case .unchecked: break
      case .good, nil: files[file] = .unchecked(former: nil)
      }
    }
  }

  mutating func beginWork(at now: Duration, isBeginning: Bool = false) {
    isDirty = false
    work = nil
    guard settings.parsesConfigs || settings.validation != nil else {
      build(at: now)
      return
    }
    let open = files.filter { $0.value != .good }.keys
    let sorted = open.sorted { $0.string < $1.string }
    act(.check(newWork(.check), sorted, isBeginning: isBeginning))
  }

  private mutating func newWork(_ kind: WorkKind) -> Work {
    lastWork += 1
    let id = Work(number: lastWork)
    work = (id, kind)
    return id
  }

  /// The work is over without an action. What came meanwhile is next.
  private mutating func giveUpWork(at now: Duration) {
    work = nil
    if isDirty { beginWork(at: now) }
  }

  mutating func checked(_ result: CheckResult, at now: Duration) {
    for file in files.keys.sorted(by: { $0.string < $1.string }) {
      judge(file, result)
    }
    for failure in result.failures {
      tell(.checkFailed(failure.file, reason: failure.reason, output: failure.output))
    }
    guard result.isGood, !files.values.contains(where: \.isBad) else {
      tellIfWaiting()
      giveUpWork(at: now)
      return
    }
    build(at: now)
  }

  private mutating func judge(_ file: FilePath, _ result: CheckResult) {
    let errors = result.rejected[file] ?? []
    let isRefused = result.failures.contains { $0.file == file }
    let former: [ConfigDiagnostic]?
    switch files[file] {
    case .unchecked(let before):
      former = before
      if !errors.isEmpty { tell(.rejected(file, errors)) }
    case .bad(let before):
      former = before
      if !errors.isEmpty, errors != before { tell(.rejected(file, errors)) }
    case .good, nil: return
    }
    if !errors.isEmpty || isRefused {
      files[file] = .bad(errors)
    } else {
      // What changed again during the check is not known to be good.
      files[file] = isDirty ? .unchecked(former: nil) : .good
      if former != nil { tell(.recovered(file)) }
    }
  }

  private mutating func build(at now: Duration) {
    guard settings.build != nil else {
      perform(at: now)
      return
    }
    tell(.building)
    act(.build(newWork(.build)))
  }

  mutating func built(_ result: HelperResult, at now: Duration) {
    guard result.isSuccess else {
      tell(.buildFailed(reason: result.reason, output: result.output))
      tellIfWaiting()
      giveUpWork(at: now)
      return
    }
    tell(.built)
    perform(at: now)
  }

  private mutating func tellIfWaiting() {
    if program == .absent { tell(.waiting) }
  }

  /// Everything that changed is good. What changed since then is not known to be.
  private mutating func perform(at now: Duration) {
    work = nil
    guard !isDirty else {
      beginWork(at: now)
      return
    }
    let changed = files.keys.sorted { $0.string < $1.string }
    files = [:]
    switch (settings.onChange, program) {
    case (_, .absent): start(at: now)
    case (_, .leaving): startsAgain = true
    case (_, .pausing), (_, .finished): break
    case (.restart, .starting): startsAgain = true
    case (.restart, .running):
      startsAgain = true
      askToLeave(at: now)
    case (.signal(let signal), .starting), (.signal(let signal), .running):
      act(.signal(signal, toGroup: false))
      tell(.signaled(signal))
    case (.execute(let command), .starting), (.execute(let command), .running):
      tell(.executing(command))
      act(.execute(newWork(.execute), command, changed))
    }
  }

  mutating func executed(_ result: HelperResult, at now: Duration) {
    tell(.executed(reason: result.reason, isSuccess: result.isSuccess))
    giveUpWork(at: now)
  }
}

extension SupervisorMachine.Verdict {
  var isBad: Bool {
    if case .bad = self { true } else { false }
  }
}
