import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload run")
struct RunCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "port = 1\n")
  }

  /// With JSON lines; the program's own output is on standard error.
  private func run(
    _ options: [String] = [], _ program: String..., environment: [String: String] = [:]
  ) throws -> CommandProcess {
    try CommandProcess(
      ["run", "--root", workspace.root.string, "--json"] + options + ["--"] + program,
      environment: environment)
  }

  /// A shell script that prints `up` and what its config says, and waits.
  private var server: [String] {
    ["sh", "-c", "echo up $(cat \(workspace.root)/config/app.toml); \(Self.waiting)"]
  }
  /// Ends when whoever started it is gone, be it killed by the end of a test.
  private static let waiting = "while kill -0 $PPID 2>/dev/null; do sleep 0.02; done"

  private func serve(_ options: [String] = []) throws -> CommandProcess {
    try CommandProcess(
      ["run", "--root", workspace.root.string, "--json"] + options + ["--"] + server)
  }

  private func event(_ process: CommandProcess, _ name: String) async throws -> JSONObject {
    try await process.output.nextObject(event: name)
  }

  private func up(_ process: CommandProcess) async throws -> String {
    try await process.errors.next { $0.hasPrefix("up") }
  }

  @Test(
    "A good change restarts the program; a bad one never reaches it, and is told with its place, and when it is mended"
  )
  func restart() async throws {
    let process = try serve()
    #expect(try await up(process) == "up port = 1")
    try workspace.replace("config/app.toml", "port = \n")
    let rejected = try await event(process, "rejected")
    let error = try #require((rejected["errors"] as? [[String: Any]])?.first)
    #expect(error["file"] as? String == "config/app.toml")
    #expect(error["line"] as? Int == 1 && error["column"] as? Int == 8)
    try workspace.replace("config/app.toml", "port = 2\n")
    _ = try await event(process, "recovered")
    _ = try await event(process, "stopping")
    #expect(try await event(process, "stopped").string("signal") == "TERM")
    #expect(try await event(process, "started").integer("run") == 2)
    #expect(try await up(process) == "up port = 2")
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }

  @Test("What people read is on standard error, and the program's output is where it always is")
  func text() async throws {
    let process = try CommandProcess(
      ["run", "--root", workspace.root.string, "--"] + server)
    #expect(try await process.output.next() == "up port = 1")
    try workspace.replace("config/app.toml", "port = ]\n")
    _ = try await process.errors.next { $0.hasPrefix("hotreload: config/app.toml:1:8 port: ") }
    process.signal(SIGINT)
    #expect(try await process.exitCode() == 0)
    #expect(try await process.output.rest().isEmpty)
  }

  @Test(
    "The exit code of a program that ends by itself is passed on",
    arguments: ["exit 7", "kill -9 $$", "exit 0"])
  func exitCode(script: String) async throws {
    let process = try run([], "sh", "-c", script)
    _ = try await event(process, "exited")
    #expect(try await process.exitCode() == ["exit 7": 7, "kill -9 $$": 137, "exit 0": 0][script])
  }

  @Test("No such program is 127")
  func missing() async throws {
    #expect(try await run([], "/nowhere/at-all").exitCode() == 127)
  }

  @Test("A program that ends with its own code when it is stopped gives that code")
  func codeOfStop() async throws {
    let process = try run([], "sh", "-c", "trap 'exit 3' TERM; echo up; \(Self.waiting)")
    _ = try await up(process)
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 3)
  }

  @Test("A program that ignores the signal is killed after the timeout, with its children")
  func stubborn() async throws {
    let script = "trap '' TERM; (trap '' TERM; \(Self.waiting)) & echo up $!; \(Self.waiting)"
    let process = try run(["--stop-timeout", "100ms"], "sh", "-c", script)
    let child = try #require(pid_t(try await up(process).dropFirst(3)))
    process.signal(SIGTERM)
    _ = try await event(process, "killing")
    #expect(try await event(process, "stopped").string("signal") == "KILL")
    #expect(try await process.exitCode() == 0)
    // Who outlives its parent is taken away by somebody else, sooner or later.
    #expect(kill(child, 0) != 0 || isZombie(child))
  }

  @Test("Children that need longer than the program itself are waited for")
  func draining() async throws {
    let script = "(trap 'sleep 0.3; echo up drained; exit' TERM; echo up; \(Self.waiting)) & wait"
    let process = try run([], "sh", "-c", script)
    _ = try await up(process)
    process.signal(SIGTERM)
    #expect(try await up(process) == "up drained")
    #expect(try await process.exitCode() == 0)
  }

  @Test("A signal reaches the program, which goes on")
  func signal() async throws {
    let script = "trap 'echo up hup' HUP; echo up; \(Self.waiting)"
    let process = try run(["--on-change", "signal:HUP"], "sh", "-c", script)
    #expect(try await up(process) == "up")
    try workspace.replace("config/app.toml", "port = 2\n")
    #expect(try await up(process) == "up hup")
    #expect(try await event(process, "signaled").string("signal") == "HUP")
  }

  @Test("A command is run beside the program, without a shell, and knows what changed")
  func execute() async throws {
    let process = try serve(["--on-change", "exec:sh -c 'echo up \"$HOTRELOAD_PATHS\"'"])
    _ = try await up(process)
    try workspace.replace("config/app.toml", "port = 2\n")
    #expect(try await up(process) == "up config/app.toml")
    #expect(try await event(process, "executed")["success"] as? Bool == true)
  }

  @Test(
    "An outside check gets each changed file; a failed one shows what it said, and nothing is done")
  func outsideCheck() async throws {
    try workspace.write("site.conf", "good\n")
    let check = "sh -c 'grep -q good \"$1\" || { echo not good: \"$1\"; exit 3; }' sh {file}"
    let process = try serve(["--validate", check])
    _ = try await event(process, "started")
    try workspace.replace("site.conf", "broken\n")
    let failed = try await event(process, "checkFailed")
    #expect(failed.string("path") == "site.conf" && failed.string("reason") == "exit code 3")
    #expect(failed["output"] as? [String] == ["not good: \(workspace.root)/site.conf"])
    try workspace.replace("site.conf", "good again\n")
    for name in ["changed", "recovered", "stopping", "stopped", "started"] {
      #expect(try await process.output.nextObject().string("event") == name)
    }
  }

  @Test("The old program goes on while a build runs and after one that failed")
  func build() async throws {
    try workspace.write("build.sh", "exit 0\n")
    let process = try serve(["--build", "sh \(workspace.root)/build.sh"])
    _ = try await event(process, "built")
    _ = try await event(process, "started")
    try workspace.replace("build.sh", "echo main.c:1: error; exit 2\n")
    let failed = try await event(process, "buildFailed")
    #expect(failed.string("reason") == "exit code 2")
    #expect(failed["output"] as? [String] == ["main.c:1: error"])
    try workspace.replace("build.sh", "echo ok\n")
    for name in ["changed", "building", "built", "stopping", "stopped", "started"] {
      #expect(try await process.output.nextObject().string("event") == name)
    }
  }

  @Test("What git ignores restarts nothing, unless asked for", arguments: [false, true])
  func gitIgnore(isOff: Bool) async throws {
    try workspace.write(".gitignore", "*.log\nout/\n")
    try workspace.makeDirectory("out")
    try workspace.makeDirectory("src")
    let process = try serve(isOff ? ["--no-gitignore"] : [])
    _ = try await event(process, "started")
    try workspace.write("src/a.log", "1")
    try workspace.write("out/b", "1")
    try workspace.write("src/main.c", "1")
    let changed = try #require(try await event(process, "changed")["paths"] as? [String])
    #expect(
      Set(changed).isSubset(of: isOff ? ["src/a.log", "out/b", "src/main.c"] : ["src/main.c"]))
    #expect(isOff || changed == ["src/main.c"])
  }

  @Test("A config that is bad at the start is waited for")
  func badStart() async throws {
    try workspace.write("config/app.toml", "port = ]\n")
    let process = try serve()
    _ = try await event(process, "rejected")
    _ = try await event(process, "waiting")
    try workspace.replace("config/app.toml", "port = 5\n")
    #expect(try await up(process) == "up port = 5")
  }

  @Test(
    "Under nohup neither it nor the program ends when the terminal goes, and SIGHUP reaches nobody")
  func noHangUp() async throws {
    let process = try CommandProcess(
      command: [
        "/usr/bin/env", "nohup", CommandProcess.path(of: "hotreload"), "run", "--root",
        workspace.root.string, "--json", "--", "sh", "-c", "kill -HUP $$; echo up",
      ])
    #expect(try await event(process, "exited").integer("code") == 0)
  }

  @Test("systemd is told of the start, of reloads and of the end")
  func systemd() async throws {
    let script = """
      import os, socket, subprocess, sys
      path = sys.argv[1] + "/notify"
      listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      listener.bind(path)
      environment = dict(os.environ, NOTIFY_SOCKET=path)
      child = subprocess.Popen(sys.argv[2:], env=environment, stdout=subprocess.DEVNULL)
      while True:
          message = listener.recv(65536).decode().split(chr(10))
          print("notify", *[line for line in message if not line.startswith("MONOTONIC")], flush=True)
          if message[0] == "READY=1" and message[-1] != "STATUS=sent HUP":
              with open(sys.argv[1] + "/config/app.toml", "w") as file: file.write("port = 2")
          elif message[0] == "READY=1":
              child.terminate()
          elif message[0] == "STOPPING=1":
              sys.exit(child.wait())
      """
    let process = try CommandProcess(
      command: [
        "/usr/bin/env", "python3", "-c", script, workspace.root.string,
        CommandProcess.path(of: "hotreload"), "run", "--root", workspace.root.string, "--json",
        "--on-change", "signal:HUP", "--", "sh", "-c",
        "trap : HUP; echo socket ${NOTIFY_SOCKET-none}; \(Self.waiting)",
      ])
    _ = try await process.errors.next { $0 == "socket none" }
    let messages = try await process.output.rest()
    #expect(messages[0].hasPrefix("notify READY=1 STATUS=running as process "))
    #expect(
      Array(messages[1...]) == [
        "notify RELOADING=1", "notify READY=1 STATUS=sent HUP", "notify STOPPING=1",
      ])
    #expect(try await process.exitCode() == 0)
  }

  @Test("With the wait policy the next change starts a program that ended")
  func waits() async throws {
    let process = try run(["--on-exit", "wait"], "sh", "-c", "echo up; exit 1")
    _ = try await event(process, "waiting")
    try workspace.replace("config/app.toml", "port = 2\n")
    #expect(try await event(process, "started").integer("run") == 2)
  }

  @Test("The commands of hotreload.toml run for their events, and their failures are told")
  func handlers() async throws {
    try workspace.write(
      "hotreload.toml",
      """
      [[handler]]
      match = "static/**"
      run = ["sh", "-c", "cat >> \(workspace.root)/got.log"]
      [[handler]]
      match = "static/**"
      run = ["sh", "-c", "echo no >&2; exit 9"]
      on = ["fileChanged"]
      """)
    try workspace.write(".gitignore", "*.log\n")
    try workspace.makeDirectory("static")
    let told = try fifo("got.log")
    let process = try serve(["--include", "config/**"])
    _ = try await event(process, "started")
    try workspace.write("static/a.css", "a {}")
    let failed = try await event(process, "handlerFailed")
    #expect(failed.string("message")?.hasSuffix("exit code 9\n  no") == true)
    // The first handler's event is not later than the second's.
    let got = try #require(try await told.next())
    #expect(try JSONObject(got).string("event") == "fileChanged")
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }

  /// What is written into a pipe with this name, line by line.
  private func fifo(_ path: FilePath) throws -> LineReader {
    let descriptor = workspace.path(path).withPlatformString { name in
      // Open for writing as well, so that it does not end before somebody has written.
      mkfifo(name, 0o600) == 0 ? open(name, O_RDWR | O_CLOEXEC) : -1
    }
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    return LineReader(descriptor: descriptor, label: path.string)
  }

  @Test("A handler that is declared wrongly ends the command with its place")
  func wrongHandler() async throws {
    try workspace.write("hotreload.toml", "[[handler]]\nmatch = \"**\"\nrun = 1\n")
    let process = try serve()
    #expect(try await process.exitCode() == 1)
    let lines = try await process.errors.rest()
    #expect(lines.contains { $0.contains("hotreload.toml:3:7 handler[0].run: expected an array") })
  }

  private func isZombie(_ process: pid_t) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ")").last?.hasPrefix(" Z") == true
  }
}
