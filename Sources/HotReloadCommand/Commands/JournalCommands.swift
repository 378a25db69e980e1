import ArgumentParser
import HotReload
import HotReloadProcess
import WorkspaceFiles
import WorkspaceTools

/// What happened to configs.
struct HistoryCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Prints what an instance applied and refused, the newest first.",
    discussion: """
      If no instance runs, its journal is read: what the last one left behind.

      EXAMPLES
        hotreload history
        hotreload history app --limit 5

      JSON LINES
        {"event":"history","time":N,"at":N,"config":"app","generation":N,
         "outcome":"applied","digest":"...",
         "isInForce":true,"errors":[...]}
      "at" is when it happened, in ns since 1970.
      """)

  @OptionGroup var control: ControlOptions

  @Option(
    help: ArgumentHelp(
      "How many entries to print, 1 to \(ControlRequest.maximumHistoryLimit) "
        + "(default \(ControlRequest.defaultHistoryLimit)).", valueName: "count"))
  var limit: Int?

  @Argument(help: ArgumentHelp("The config, such as app. Default: all.", valueName: "config"))
  var name: String?

  func validate() throws {
    if let limit, !(1...ControlRequest.maximumHistoryLimit).contains(limit) {
      throw ValidationError("--limit must be 1 to \(ControlRequest.maximumHistoryLimit).")
    }
  }

  private var shown: Int { limit ?? ControlRequest.defaultHistoryLimit }

  var request: ControlRequest { .history(config: name, limit: shown) }

  func answer(from journal: JournalReader) async throws -> ControlAnswer? {
    let (name, shown) = (name, shown)
    return try await BlockingExecutor.shared.run {
      .history(try journal.controlHistory(of: name, limit: shown))
    }
  }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .history(let history) = answer else { return nil }
    return (try renderer.history(history, time: nanosecondsSince1970()), true)
  }
}

/// What differs between generations.
struct DiffCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Prints what differs between two generations of a config.",
    discussion: """
      Without generations: between what is in force and what was before it. With one: from that to what is in force. If
      no instance runs, its journal is read.

      EXAMPLES
        hotreload diff app
        hotreload diff app 12
        hotreload diff app 12 15 --json

      JSON LINE
        {"event":"diff","time":N,"config":"app","from":N,"to":N,
         "differences":[{"keyPath":"server.port","old":80,"new":81}]}
      A value that is not there has no "old" or "new".
      """)

  @OptionGroup var control: ControlOptions

  @Argument(help: ArgumentHelp("The config, such as app or sub/app.", valueName: "config"))
  var name: String

  @Argument(help: ArgumentHelp("The older generation.", valueName: "from"))
  var from: UInt64?

  @Argument(help: ArgumentHelp("The newer generation.", valueName: "to"))
  var to: UInt64?

  var request: ControlRequest { .diff(config: name, from: from, to: to) }

  func answer(from journal: JournalReader) async throws -> ControlAnswer? {
    let (name, from, to) = (name, from, to)
    let loader = ConfigLoader(workspace: try Workspace(root: control.folder.path()))
    return try await BlockingExecutor.shared.run {
      .diff(try journal.controlDiff(of: name, from: from, to: to, by: loader))
    }
  }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .diff(let diff) = answer else { return nil }
    return (try renderer.diff(diff, time: nanosecondsSince1970()), true)
  }
}

/// Puts an older generation of a config in force again.
struct RestoreCommand: InstanceCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Puts what a config was in a generation in force again.",
    discussion: """
      It is checked with the instance's types and validators like any other change. Ends with 1 if it is refused.

      EXAMPLES
        hotreload history app
        hotreload restore app 12

      JSON LINE
        {"event":"restored","time":N,...}, as hotreload reload prints.
      """)

  @OptionGroup var control: ControlOptions

  @Argument(help: ArgumentHelp("The config, such as app or sub/app.", valueName: "config"))
  var name: String

  @Argument(help: ArgumentHelp("The generation, as hotreload history shows it."))
  var generation: UInt64

  var request: ControlRequest { .restore(config: name, generation: generation) }

  func render(
    _ answer: ControlAnswer, _ renderer: ControlRenderer
  ) throws -> (lines: [UInt8], isGood: Bool)? {
    guard case .report(let report) = answer else { return nil }
    return (
      try renderer.report(report, event: "restored", time: nanosecondsSince1970()),
      report.isAccepted
    )
  }
}
