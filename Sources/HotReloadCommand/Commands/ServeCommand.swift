import ArgumentParser
import HotReload
import HotReloadBrowser
import HotReloadProcess
import HotReloadSite
import Logging
import WorkspaceFiles
import WorkspaceTools

/// Serves a workspace to the browsers of whoever works on it.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a workspace as a site, and lets browsers see each change at once.",
    discussion: """
      Pages are templates/pages/**, rendered with all configs: templates/pages/about.mustache is /about, and {{site.title}} \
      is the key title of config/site.toml. Files of static/ are at /static/. When something is saved, open pages that \
      use it change in place: what was typed, the focus, the scroll position and the selection stay. What is broken is \
      shown over the page with its line, and what was served before stays until it is mended. hotreload init makes such a \
      workspace.

      EXAMPLES
        hotreload serve
        hotreload serve --root my-site --port 3000
        hotreload serve --proxy http://127.0.0.1:8000
        hotreload serve --proxy http://127.0.0.1:8000 --build 'swift build' -- .build/debug/Server

      A SITE OF ANOTHER PROGRAM
        With --proxy the pages come from a program that listens elsewhere on this machine, and everything else is the \
      same. With a command after --, the program is run, too, and restarted on changes as hotreload run does it; \
      --build must pass first. Requests wait during a build, and compiler errors are shown over the page.

      WHO CAN SEE IT
        Only this machine, unless --host names another address. Requests must come for localhost, *.localhost or a \
      loopback address, or for a name that --allow-host gives. Hidden files, *.pem, *.key and secret/ are never served.

      OTHER PATHS
        /_hotreload/             what was reloaded, how long it took, what is wrong; with a [fleet] table in hotreload.toml
                                 also how the fleet is
        /_hotreload/status.json  the same for probes
        /livereload.js           for browser extensions that speak LiveReload

      TEXT on standard output: the address, then a line for each change. JSON LINES:
        {"event":"serving","time":N,"url":"http://127.0.0.1:8080/","root":"/...",
         "instance":"default"}
        {"event":"reloaded","time":N,"generation":N,"units":["templates"],
         "paths":["templates/pages/index.mustache"],"duration":N}   (ns)
        {"event":"rejected","time":N,"generation":N,"units":[...],"paths":[...],
         "duration":N,"errors":[{"file":"...","line":3,"column":8,
          "keyPath":"","message":"..."}]}
      What is broken already at the start is one such line, without paths, after "serving".
      """)

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var watching: WatchingOptions

  @Option(
    help: ArgumentHelp("The port; 0 for any that is free.", valueName: "number"))
  var port = SiteOptions.defaultPort

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(
    help: ArgumentHelp(
      "A host name that requests may come for, beside those of this machine. Repeatable.",
      valueName: "name"))
  var allowHost: [String] = []

  @Option(
    help: ArgumentHelp("Show the pages of the program that listens there.", valueName: "url"))
  var proxy: String?

  @Option(
    help: ArgumentHelp(
      "With --proxy and a command: a build that must pass before the program is started again.",
      valueName: "command line"))
  var build: String?

  @Option(
    help: ArgumentHelp(
      "The name under which hotreload status finds it (default \(ControlFolder.defaultInstance)).",
      valueName: "name"))
  var instance = ControlFolder.defaultInstance

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp(
      "With --proxy: the program to run, and its arguments, after --.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("A port is 0 to 65535.") }
    guard ControlFolder.isValid(instance) else {
      throw ValidationError("'\(instance)' cannot be an instance's name; one looks like web-1.")
    }
    if proxy == nil, !command.isEmpty || build != nil {
      throw ValidationError(
        "A command and --build need --proxy with the address where the program listens.")
    }
    if build != nil, command.isEmpty {
      throw ValidationError("--build needs the program to run, after --.")
    }
    if let proxy {
      do { _ = try ProxyUpstream(proxy) } catch { throw ValidationError("\(error)") }
    }
  }

  func run() async throws {
    do {
      let code = try await SiteRun(self).run()
      if code != 0 { throw ExitCode(code) }
    } catch {
      throw workspaceFailure(error)
    }
  }
}
