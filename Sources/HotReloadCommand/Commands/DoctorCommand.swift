import ArgumentParser
import HotReload
import HotReloadSite
import WorkspaceFiles
import WorkspaceTools

/// Says what keeps hot reload from working well here, and what mends it.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract:
      "Examines this machine and the workspace, and prints the line that mends each problem.",
    discussion: """
      Limits of the kernel, file systems that tell of no changes, single mounted files, permissions, the port of serve, \
      space for the journal, configs, links and names. It changes nothing. Ends with 1 if there is a problem; a warning \
      is none.

      EXAMPLES
        hotreload doctor
        hotreload doctor --port 3000
        hotreload doctor --json | jq -r 'select(.verdict != "ok") | .fixes[]'

      JSON LINES
        {"event":"checked","time":N,"check":"inotify-watches",
         "verdict":"ok|warning|problem","message":"...","fixes":["..."]}
      """)

  @OptionGroup var options: WorkspaceOptions

  @Option(
    help: ArgumentHelp(
      "The port that serve is to have, 0 for any (default \(Doctor.defaultPort)).",
      valueName: "number"))
  var port: Int = Doctor.defaultPort

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard (0...Int(UInt16.max)).contains(port) else {
      throw ValidationError("--port must be 0 to \(UInt16.max).")
    }
  }

  func run() async throws {
    do {
      let workspace = try options.workspace()
      let port = port
      try checkRoot(of: workspace)
      let findings = try await BlockingExecutor.shared.run {
        Doctor.examine(workspace, port: port)
      }
      let renderer = DoctorRenderer(isJSON: json)
      try StandardOutput().write(renderer.render(findings, time: nanosecondsSince1970()))
      if findings.contains(where: { $0.verdict == .problem }) { throw ExitCode.failure }
    } catch {
      throw workspaceFailure(error)
    }
  }
}
