import ArgumentParser
import HotReload
import Glibc
import HotReloadProcess
import WorkspaceFiles
import WorkspaceTools

/// Checks a workspace as a start of its program, or of `serve`, would.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks configs, templates and assets, and says what is wrong where.",
    discussion: """
      Checks the configs that are named, or all that the workspace has: every layer is read, parsed and merged as \
      the program would. Without names also the templates, which are compiled, and whether all is there that templates \
      and stylesheets name. Ends with 0 if everything is good, with 1 if not. With \
      --instance a running instance checks its configs, in its own environment, with the types and validators that only \
      it has.

      EXAMPLES
        hotreload check
        hotreload check app database --environment production
        hotreload check app --instance

      TEXT
        Good configs on standard output, errors on standard error, one a line:
        config/app.toml:12:8 server.port: expected ...
        templates/pages/index.mustache:3:5: there is no asset "ap.css" ...

      JSON LINES
        {"event":"checked","time":N,"config":"app","good":true,
         "files":["config/app.toml"]}
        {"event":"rejected","time":N,"config":"app","errors":[
         {"file":"config/app.toml","line":12,"column":8,
          "keyPath":"server.port","message":"..."}]}
        For templates and assets "unit" stands in place of "config":
        {"event":"checked","time":N,"unit":"templates","good":true,"count":14}
        {"event":"rejected","time":N,"unit":"assets","errors":[...]}

      TSV LINES; instead of a config templates/ or assets/
        config<TAB>good
        config<TAB>rejected<TAB>file<TAB>line<TAB>column<TAB>key path<TAB>message
      """)

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var output: OutputOptions

  @Option(
    defaultAsFlag: "",
    help: ArgumentHelp(
      "Let the running instance check, the one of this name if there are several.",
      valueName: "name"))
  var instance: String?

  @Argument(
    help: ArgumentHelp(
      "The configs to check, such as app or sub/app. Default: everything.", valueName: "config"))
  var names: [String] = []

  func validate() throws {
    guard let instance else { return }
    if !instance.isEmpty, !ControlFolder.isValid(instance) {
      throw ValidationError("'\(instance)' cannot be an instance's name; one looks like web-1.")
    }
    if options.environment != nil || options.environmentVariables || options.interpolate {
      throw ValidationError(
        "An instance checks as it was started: --environment, --environment-variables and "
          + "--interpolate cannot be given with --instance.")
    }
  }

  func run() async throws {
    if let instance { return try await ask(instance) }
    do {
      let renderer = ConfigRenderer(format: output.chosen, redaction: options.redaction)
      let workspace = try options.workspace()
      let names = names
      let (checked, areGood) = try await BlockingExecutor.shared.run {
        let checked = names.isEmpty ? try ConfigLoader(workspace: workspace).names() : names
        if checked.isEmpty { try checkRoot(of: workspace) }
        return (checked, try Self.check(checked, in: workspace, renderer, StandardOutput()))
      }
      var isGood = areGood
      if names.isEmpty {
        let findings = try await ContentCheck(workspace: workspace).run()
        for finding in findings { isGood = try Self.tell(finding, renderer) && isGood }
        if checked.isEmpty, findings.isEmpty {
          logLine("hotreload: no config, template or asset in \(printable(workspace.root))")
        }
      }
      if !isGood { throw ExitCode.failure }
    } catch {
      throw workspaceFailure(error)
    }
  }

  /// Lets an instance check.
  private func ask(_ instance: String) async throws {
    do {
      let answer = try await ControlOptions.ask(
        .check(configs: names), root: options.folder.path(),
        instance: instance.isEmpty ? nil : instance, showSecrets: options.showSecrets,
        timeout: ControlClient.defaultTimeout)
      guard case .check(let check) = answer else {
        throw ControlError(
          code: .malformed, message: "the instance answered something else than was asked")
      }
      let renderer = ConfigRenderer(format: output.chosen, redaction: options.redaction)
      for config in check.configs {
        let errors = config.errors.map(\.diagnostic)
        if errors.isEmpty {
          try StandardOutput().write(renderer.good(config.name, time: nanosecondsSince1970()))
        } else {
          try report(errors, of: config.name, renderer, StandardOutput())
        }
      }
      if !check.isGood { throw ExitCode.failure }
    } catch let error as ControlError {
      throw controlFailure(error, ControlRenderer(isJSON: output.chosen == .json))
    } catch {
      throw workspaceFailure(error)
    }
  }

  /// Prints what was found, and says whether it is good.
  private static func tell(
    _ finding: ContentCheck.Finding, _ renderer: ConfigRenderer
  ) throws -> Bool {
    guard !finding.errors.isEmpty else {
      try StandardOutput().write(renderer.good(finding, time: nanosecondsSince1970()))
      return true
    }
    try write(renderer.rejected(finding, time: nanosecondsSince1970()), renderer, StandardOutput())
    return false
  }

  private static func check(
    _ names: [String], in workspace: Workspace, _ renderer: ConfigRenderer,
    _ output: StandardOutput
  ) throws -> Bool {
    let loader = ConfigLoader(workspace: workspace)
    var isGood = true
    for name in names {
      do {
        let config = try loader.load(name)
        try output.write(renderer.good(config, time: nanosecondsSince1970()))
      } catch let error as ConfigError {
        isGood = false
        try report(error, of: name, renderer, output)
      }
    }
    return isGood
  }
}

/// A mistyped root must not pass for a workspace without configs.
func checkRoot(of workspace: Workspace) throws {
  var status = stat()
  let result = workspace.root.withPlatformString { stat($0, &status) }
  guard result == 0, status.st_mode & S_IFMT == S_IFDIR else {
    logLine("hotreload: there is no folder \(printable(workspace.root))")
    throw ExitCode.failure
  }
}

/// Prints what is wrong with a config: text for standard error, the other formats for standard output.
func report(
  _ error: ConfigError, of name: String, _ renderer: ConfigRenderer, _ output: StandardOutput
) throws {
  try report(error.diagnostics, of: name, renderer, output)
  if !error.advice.isEmpty { logLine(printable(error.advice)) }
}

private func report(
  _ diagnostics: [ConfigDiagnostic], of name: String, _ renderer: ConfigRenderer,
  _ output: StandardOutput
) throws {
  try write(renderer.rejected(name, diagnostics, time: nanosecondsSince1970()), renderer, output)
}

private func write(
  _ lines: [UInt8], _ renderer: ConfigRenderer, _ output: StandardOutput
) throws {
  if renderer.format == .text {
    try StandardOutput(descriptor: 2).write(lines)
  } else {
    try output.write(lines)
  }
}
