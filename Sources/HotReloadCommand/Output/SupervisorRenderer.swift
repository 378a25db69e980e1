import HotReloadProcess
import SystemPackage
import WorkspaceTools

/// Turns what a supervisor tells into lines. Pure: the same input gives the same bytes.
struct SupervisorRenderer: Sendable {
  /// How many changed files a line names.
  static let namedFiles = 5

  /// The program's name.
  let program: String

  /// For a person; one line or several, without the last newline.
  func text(_ event: SupervisorEvent) -> String {
    switch event {
    case .started(let process, _): "started \(program) (process \(process))"
    case .startFailed(let error): "\(error)"
    case .changed(let files): "changed: \(names(files))"
    case .ignored(let files): "ignored, the change before is still worked on: \(names(files))"
    case .rejected(_, let errors):
      (errors.map(\.description) + [
        "nothing is done until that is mended (--no-parse leaves this check out)"
      ])
      .map(printable).joined(separator: "\n")
    case .recovered(let file): "\(printable(file)) is good again"
    case .checkFailed(let file, let reason, let output):
      lines(
        "the check of \(file.map(printable) ?? "the change") failed (\(reason)); nothing is done until it passes",
        output)
    case .building: "building; what runs goes on until that passes"
    case .built: "the build passed"
    case .buildFailed(let reason, let output):
      lines("the build failed (\(reason)); nothing is done until it passes", output)
    case .brokenOff: "broken off, because of another change"
    case .stopping(let signal, _): "stopping \(program) (\(signal))"
    case .killing: "\(program) did not end in time: its process group is killed"
    case .abandoned: "\(program) does not end even when killed; it is left behind"
    case .signaled(let signal): "sent \(signal) to \(program)"
    case .executing(let command): "running \(printable(command.joined(separator: " ")))"
    case .executed(let reason, let isSuccess):
      isSuccess ? "the command has ended" : "the command failed (\(reason))"
    case .exited(let status): "\(program) ended by itself (\(status))"
    case .stopped(let status): "\(program) has ended (\(status))"
    case .pausing(let pause):
      "\(program) ended too soon; starting it again in \(pause / .seconds(1)) s"
    case .waiting: "\(program) does not run; the next good change starts it"
    case .gaveUp(let crashes):
      "\(program) failed \(crashes) times in a row; it is not started again"
    }
  }

  private func names(_ files: [FilePath]) -> String {
    let named = files.prefix(Self.namedFiles).map(printable).joined(separator: ", ")
    let rest = files.count - Self.namedFiles
    return rest > 0 ? "\(named) and \(rest) more" : named
  }

  private func lines(_ first: String, _ output: [String]) -> String {
    ([first] + output.map { "  \(printable($0))" }).joined(separator: "\n")
  }
}

// MARK: JSON

extension SupervisorRenderer {
  /// One JSON object and a newline.
  func json(_ event: SupervisorEvent, time: Int64) -> [UInt8] {
    switch event {
    case .started(let process, let run):
      return line("started", time) {
        $0.add("process", process)
        $0.add("run", run)
      }
    case .startFailed(let error): return line("startFailed", time) { $0.add("message", "\(error)") }
    case .changed(let files):
      return line("changed", time) { $0.add("paths", texts: files.map(\.string)) }
    case .ignored(let files):
      return line("ignored", time) { $0.add("paths", texts: files.map(\.string)) }
    case .rejected(let file, let errors):
      return line("rejected", time) {
        $0.add("path", path: file)
        $0.add("errors", errors)
      }
    case .recovered(let file): return line("recovered", time) { $0.add("path", path: file) }
    case .checkFailed(let file, let reason, let output):
      return line("checkFailed", time) {
        if let file { $0.add("path", path: file) }
        $0.add("reason", reason)
        $0.add("output", texts: output)
      }
    case .buildFailed(let reason, let output):
      return line("buildFailed", time) {
        $0.add("reason", reason)
        $0.add("output", texts: output)
      }
    case .stopping(let signal, let restarts):
      return line("stopping", time) {
        $0.add("signal", signal.description)
        $0.add("restarts", restarts)
      }
    case .signaled(let signal):
      return line("signaled", time) { $0.add("signal", signal.description) }
    case .executing(let command):
      return line("executing", time) { $0.add("command", texts: command) }
    case .executed(let reason, let isSuccess):
      return line("executed", time) {
        $0.add("success", isSuccess)
        $0.add("reason", reason)
      }
    case .exited(let status): return line("exited", time) { $0.add(status) }
    case .stopped(let status): return line("stopped", time) { $0.add(status) }
    case .pausing(let pause):
      return line("pausing", time) { $0.add("milliseconds", Int64(pause / .milliseconds(1))) }
    case .gaveUp(let crashes): return line("gaveUp", time) { $0.add("crashes", crashes) }
    case .building: return line("building", time)
    case .built: return line("built", time)
    case .brokenOff: return line("brokenOff", time)
    case .killing: return line("killing", time)
    case .abandoned: return line("abandoned", time)
    case .waiting: return line("waiting", time)
    }
  }

  private func line(
    _ event: String, _ time: Int64, _ fill: (inout JSONLine) -> Void = { _ in }
  ) -> [UInt8] {
    var line = JSONLine(event: event, time: time)
    fill(&line)
    return line.finished()
  }
}

extension JSONLine {
  /// Adds an array of texts.
  fileprivate mutating func add(_ key: StaticString, texts: [String]) {
    var array: [UInt8] = [UInt8(ascii: "[")]
    for (index, text) in texts.enumerated() {
      if index > 0 { array.append(UInt8(ascii: ",")) }
      Self.append(text, to: &array)
    }
    add(key, json: array + [UInt8(ascii: "]")])
  }

  /// Adds how a program ended.
  fileprivate mutating func add(_ status: ProgramExit) {
    switch status {
    case .code(let code): add("code", code)
    case .signal(let number): add("signal", ProcessSignal(rawValue: number).description)
    }
  }
}
