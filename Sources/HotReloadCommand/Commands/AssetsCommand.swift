import ArgumentParser
import HotReload
import HotReloadContent
import SystemPackage

/// What is done with assets outside of a server.
struct AssetsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assets", abstract: "Writes the assets for production.",
    subcommands: [AssetsBuildCommand.self])
}

/// Writes the assets as a web server or a CDN serves them.
struct AssetsBuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Writes all assets under hashed names, compressed too, and the manifest.",
    discussion: """
      Each file of static/ and assets/ is written under its own name and under one with the digest of its content, \
      to be served with Cache-Control: public, max-age=31536000, immutable; beside texts their .gz. References in \
      stylesheets and to source maps lead to the hashed names. The manifest, static/manifest.json, tells a program the \
      URLs: AssetManifest.load(_:). What is there with the right bytes is left alone; older builds stay. Ends with 1 if a reference leads \
      nowhere or a file was left out; everything else is written all the same.

      EXAMPLES
        hotreload assets build
        hotreload assets build --output dist --root site

      JSON LINES
        {"event":"written","time":N,"path":"static/app.0123456789abcdef.css"}
        {"event":"problem","time":N,"errors":[{"file":"static/app.css","line":3,"column":8,"message":"..."}]}
        {"event":"built","time":N,"assets":N,"written":N,"output":"/..."}
      """)

  @OptionGroup var options: WorkspaceOptions

  @Option(
    help: ArgumentHelp(
      "Where to write, from the root; not within static/ or assets/.", valueName: "folder"))
  var output = AssetBuild.defaultOutput.string

  @Option(help: ArgumentHelp("Which files are no assets. Repeatable.", valueName: "glob"))
  var exclude: [String] = []

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func run() async throws {
    do {
      let workspace = try options.workspace()
      let folder = workspace.root.pushing(FilePath(output))
      let excludes = HotReloadConfiguration.defaultExcludePatterns + exclude
      let report = try await AssetBuild(
        root: workspace.root, output: FilePath(output), excluding: excludes
      ).run()
      try write(report, to: folder)
      if !report.problems.isEmpty { throw ExitCode.failure }
    } catch {
      throw workspaceFailure(error)
    }
  }

  private func write(_ report: AssetBuild.Report, to folder: FilePath) throws {
    let output = StandardOutput()
    guard json else {
      for problem in report.problems { logLine("hotreload: \(printable(problem.description))") }
      for path in report.written { try output.write(Array("\(printable(path))\n".utf8)) }
      logLine(
        "hotreload: \(report.manifest.count) assets, \(report.written.count) files written to \(printable(folder))"
      )
      return
    }
    if !report.problems.isEmpty {
      var line = JSONLine(event: "problem")
      line.add("errors", report.problems)
      try output.write(line.finished())
    }
    for path in report.written {
      var line = JSONLine(event: "written")
      line.add("path", path)
      try output.write(line.finished())
    }
    var line = JSONLine(event: "built")
    line.add("assets", report.manifest.count)
    line.add("written", report.written.count)
    line.add("output", path: folder)
    try output.write(line.finished())
  }
}
