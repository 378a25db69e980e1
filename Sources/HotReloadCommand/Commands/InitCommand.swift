import ArgumentParser
import HotReloadSite
import SystemPackage
import WorkspaceFiles

/// Makes a small workspace that runs.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Makes a small site that runs, to begin with.",
    discussion: """
      Configs, templates in two languages, styles, pictures, and a README that says what to edit and what is then seen. \
      No file is overwritten: if one is in the way, nothing is written.

      EXAMPLES
        hotreload init coffee
        cd coffee && hotreload serve

      JSON LINES
        {"event":"made","time":N,"path":"config/site.toml"}
      """)

  @Flag(help: "Print one JSON object a line, for each file.")
  var json = false

  @Argument(
    help: ArgumentHelp(
      "The folder, made if it is not there. Default: the current one.", valueName: "dir"))
  var folder = "."

  func validate() throws {
    if folder.isEmpty { throw ValidationError("The folder must not be empty.") }
  }

  func run() async throws {
    do {
      let path = FilePath(folder)
      let made = try await BlockingExecutor.shared.run { try InitialSite.make(in: path) }
      try StandardOutput().write(render(made))
    } catch let error as InitialSite.Failure {
      logLine("hotreload: \(printable(error.description))")
      throw ExitCode.failure
    } catch {
      throw workspaceFailure(error)
    }
  }

  private func render(_ made: [FilePath]) -> [UInt8] {
    if json {
      return made.flatMap { path in
        var line = JSONLine(event: "made")
        line.add("path", path: path)
        return line.finished()
      }
    }
    var lines = made.map { "made  \(printable($0))" }
    let isHere = FilePath(folder).lexicallyNormalized() == "."
    lines += [
      "", "next: \(isHere ? "" : "cd \(shellQuoted(printable(folder))) && ")hotreload serve",
    ]
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}
