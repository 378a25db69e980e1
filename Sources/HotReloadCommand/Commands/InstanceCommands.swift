import ArgumentParser
import HotReload
import HotReloadProcess

/// A command that asks a running instance one thing.
protocol InstanceCommand: AsyncParsableCommand {
  var control: ControlOptions { get }
  /// What is asked.
  var request: ControlRequest { get }
  /// The lines for an answer, and whether it is a good one.
  func render(_ answer: ControlAnswer, _ renderer: ControlRenderer) throws -> (
    lines: [UInt8], isGood: Bool
  )?
  /// The answer from what an instance that does not run any more left behind; nil if that says nothing.
  func answer(from journal: JournalReader) async throws -> ControlAnswer?
}

extension InstanceCommand {
  func answer(from journal: JournalReader) async throws -> ControlAnswer? { nil }

  func run() async throws {
    do {
      let answer = try await self.answer()
      guard let (lines, isGood) = try render(answer, control.renderer) else {
        throw ControlError(
          code: .malformed, message: "the instance answered something else than was asked")
      }
      try StandardOutput().write(lines)
      if !isGood { throw ExitCode.failure }
    } catch let error as ControlError {
      throw controlFailure(error, control.renderer)
    } catch {
      throw workspaceFailure(error)
    }
  }
}

extension InstanceCommand {
  private func answer() async throws -> ControlAnswer {
    do {
      return try await control.ask(request)
    } catch let error as ControlError where error.code == .noInstance {
      guard let journal = try await control.journal(), let answer = try await answer(from: journal)
      else { throw error }
      logLine(
        "hotreload: no instance runs; this is what the one before left in \(printable(journal.folder))"
      )
      return answer.redacted(by: control.showSecrets ? .none : .default)
    }
  }
}

/// Prints why an instance gave no answer: as a JSON line on standard output, or for people on standard error.
func controlFailure(_ error: ControlError, _ renderer: ControlRenderer) -> ExitCode {
  if renderer.isJSON {
    do {
      try StandardOutput().write(renderer.failure(error, time: nanosecondsSince1970()))
    } catch {
      return workspaceFailure(error)
    }
  } else {
    for (index, line) in error.description.split(separator: "\n").enumerated() {
      logLine((index == 0 ? "hotreload: " : "") + printable(String(line)))
    }
  }
  return .failure
}

/// How a running instance is doing.
struct StatusCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Prints how a running instance is doing.",
    discussion: """
      Ends with 0 if it is healthy, with 1 if it is degraded or if no instance answers.

      EXAMPLES
        hotreload status
        hotreload status --root /srv/shop --json | jq .health

      JSON LINE
        {"event":"status","time":N,"instance":{"name":"default","pid":N,
         "startedAt":N,"uptime":N,"root":"/srv/shop",
         "environment":"production"},"health":"healthy|degraded",
         "reasons":["..."],"healthSince":N,"isRunning":true,
         "isPaused":false,"isBaking":false,"generation":N,
         "isManaged":false,"contentFolder":"...","lastSuccess":N,
         "outcomes":{"applied":N,"rejected":N,...},
         "units":[{"unit":"config app","state":"inForce|rejected|missing",
          "generation":N,"inForceSince":N,"rejectedSince":N,
          "errors":[...],"quarantined":N}],
         "participants":["..."],"retireOverdue":["..."],"streams":N,
         "handlers":[{"pattern":"**","waiting":N,"handled":N,
          "failed":N,"dropped":N}],
         "queues":{"worker":N,"jobs":N,"candidates":N,"handlers":N,
          "sequences":N},"droppedEvents":N,
         "watch":{"backend":"inotify","directories":N,"files":N,
          "watches":N},
         "degradedFolders":[{"path":"...","reason":"..."}],
         "lastReport":{...}}
      Times are ns since 1970, durations ns. What is not known is left out. "isManaged" is true where the workspace's own \
      configs, templates and assets do not come into force as they change, as in a fleet; "contentFolder" \
      is where what is in force comes from then, and is left out while that is the workspace. "lastReport" is as in \
      hotreload reload --help, errors as in hotreload check --help.
      """)

  @OptionGroup var control: ControlOptions

  var request: ControlRequest { .status }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .status(let status) = answer else { return nil }
    return (
      try renderer.status(status, time: nanosecondsSince1970()),
      status.status.health == "healthy" && status.status.isRunning
    )
  }
}

/// Lets a running instance load everything again.
struct ReloadCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Lets a running instance load its configs again, and prints what came of it.",
    discussion: """
      What is on disk is loaded, checked with the instance's types and validators, and applied. What is not good is \
      refused, and the last good value stays in force. Ends with 0 if all was accepted, with 1 if not or if no instance \
      answers.

      JSON LINE
        {"event":"reloaded","time":N,"producers":["reload"],"generation":N,
         "isAccepted":true,"duration":N,
         "units":[{"unit":"config app","outcome":"applied|unchanged|
          recovered|rejected|refused|quarantined|rolledBack",
          "isChanged":true,"errors":[...]}],
         "phases":[{"phase":"load","duration":N}]}
      Errors as hotreload check prints them. Durations are ns.
      """)

  @OptionGroup var control: ControlOptions

  var request: ControlRequest { .reload }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .report(let report) = answer else { return nil }
    return (
      try renderer.report(report, event: "reloaded", time: nanosecondsSince1970()),
      report.isAccepted
    )
  }
}

/// Lets changes wait.
struct PauseCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Lets changes on disk wait until hotreload resume.",
    discussion: """
      JSON LINE
        {"event":"paused","time":N,"isPaused":true,"generation":N}
      """)

  @OptionGroup var control: ControlOptions

  var request: ControlRequest { .pause }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .pausing(let pausing) = answer else { return nil }
    return (try renderer.pausing(pausing, time: nanosecondsSince1970()), true)
  }
}

/// Applies what waited.
struct ResumeCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Applies the changes that wait since hotreload pause, and goes on.",
    discussion: """
      Ends with 1 if what waited was refused.

      JSON LINE
        {"event":"resumed","time":N,"isPaused":false,"generation":N,
         "report":{...}}
      "report" is as in hotreload reload --help, and only there if something waited.
      """)

  @OptionGroup var control: ControlOptions

  var request: ControlRequest { .resume }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .pausing(let pausing) = answer else { return nil }
    return (
      try renderer.pausing(pausing, time: nanosecondsSince1970()),
      pausing.report?.isAccepted ?? true
    )
  }
}
