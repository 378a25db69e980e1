import ArgumentParser
import HotReloadProcess

/// Runs any program, and tells it of good changes.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs any program, and restarts or signals it when something good changed.",
    discussion: """
      Runs the program after -- as it would run without hotreload: same standard input, output, error and terminal. \
      When files change and have settled, they are checked; if all are good, the program is restarted, gets a signal, \
      or a command is run. If not, it is said where and why, and nothing is done until the file is mended. A change that comes during a check or build is checked and built too before anything is done.

      EXAMPLES
        hotreload run -- python3 server.py
        hotreload run --root /etc/nginx --on-change signal:HUP \\
          --validate 'nginx -t' -- nginx -g 'daemon off;'
        hotreload run --build 'swift build' -- .build/debug/Server
        hotreload run --on-change 'exec:npm run css' -- ./server

      WHAT IS WATCHED
        Everything below the root, except what .gitignore files, .git/info/exclude and --exclude leave out. Without \
      --exclude: hidden files, *.tmp, *.swp, *~ and #*#.

      CHECKS
        toml, yaml and json files are parsed; those of a config also merged with its other layers. --validate runs \
      an outside check then: once, or with {file} once for each changed file that is there. Configs in config/ must \
      be good before the first start, too, and --build must have passed; else the program is started once they are.
        Command lines are split as by a shell, and run without one.

      HOW IT ENDS
        A program that ends by itself ends hotreload, with its exit code, or 128 and the number of the signal that \
      killed it; 127 if there is no such program. --on-exit wait waits for the next change instead; --on-exit restart \
      starts it again after an error, with growing pauses, and gives up after 10 in a row. After 5 restarts of a program that \
      each ran under 1s, the next ones pause, too: perhaps it changes what it is restarted for.
        To stop, its process group gets TERM (--stop-signal), and KILL after --stop-timeout; nobody of the group \
      outlives it. SIGINT, SIGTERM, SIGHUP or SIGQUIT stop it and end hotreload, with the program's exit code if it \
      ends with one, else 0; a second one kills it. At a terminal Ctrl-C goes to the program itself, and Ctrl-Z \
      stops both.

      SYSTEMD
        With Type=notify or notify-reload: READY=1 once started, RELOADING=1 and READY=1 around an action, \
      STOPPING=1, and STATUS=.

      COMMANDS OF hotreload.toml
        [[handler]]
        match = "static/**"
        run = ["npm", "run", "css"]
        on = ["fileChanged"]
        timeout = 30
      Such commands run, too, for each event that matches, with the event as JSON on standard input. --no-handlers \
      leaves them out.

      JSON LINES on standard output; the program's standard output goes to standard error then.
        {"event":"watching","time":N,"backend":"inotify","root":"/...",
         "directories":N,"files":N}
        {"event":"started","time":N,"process":N,"run":N}
        {"event":"changed","time":N,"paths":["..."]}      also "ignored"
        {"event":"rejected","time":N,"path":"config/app.toml","errors":[
         {"file":"config/app.toml","line":3,"column":8,
          "keyPath":"server.port","message":"..."}]}
        {"event":"recovered","time":N,"path":"config/app.toml"}
        {"event":"checkFailed","time":N,"path":"...","reason":"exit code 1",
         "output":["..."]}                                also "buildFailed"
        {"event":"signaled","time":N,"signal":"HUP"}
        {"event":"stopping","time":N,"signal":"TERM","restarts":true}
        {"event":"executing","time":N,"command":["..."]}
        {"event":"executed","time":N,"success":true,"reason":"exit code 0"}
        {"event":"exited","time":N,"code":1}              or "signal":"KILL"
        {"event":"stopped","time":N,"signal":"TERM"}      or "code":N
        {"event":"pausing","time":N,"milliseconds":N}
        {"event":"startFailed","time":N,"message":"..."}
        {"event":"gaveUp","time":N,"crashes":N}
        {"event":"handlerFailed","time":N,"message":"..."}
      and building, built, brokenOff, killing, abandoned, waiting without more.
      """)

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var watching: WatchingOptions
  @OptionGroup(title: "Program options") var program: ProgramOptions

  @Option(help: ArgumentHelp("Which files count (default **). Repeatable.", valueName: "glob"))
  var include: [String] = []

  @Option(
    help: ArgumentHelp("Which files and folders to leave out. Repeatable.", valueName: "glob"))
  var exclude: [String] = []

  @Flag(help: "Watch also what .gitignore files leave out.")
  var noGitignore = false

  @Flag(help: "Do not run the commands of hotreload.toml.")
  var noHandlers = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The program and its arguments, after --.", valueName: "command"))
  var command: [String] = []

  /// What editors leave lying about, and hidden files.
  static let defaultExcludes = WatchCommand.defaultExcludes + ["**/#*#"]

  func validate() throws {
    guard let name = command.first, !name.isEmpty else {
      throw ValidationError("A program is needed, after --: hotreload run -- ./server")
    }
  }

  func run() async throws {
    let code: Int32
    do {
      code = try await ProgramRun(self).run()
    } catch {
      throw workspaceFailure(error)
    }
    if code != 0 { throw ExitCode(code) }
  }
}
