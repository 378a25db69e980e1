import Foundation
import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("Command handlers")
struct CommandHandlerTests {
  private let folder: TemporaryWorkspace

  init() throws { folder = try TemporaryWorkspace() }

  private func handle(
    _ event: ChangeEvent, paths: [FilePath] = [], script: String,
    timeout: Duration = .seconds(30), redaction: RedactionRules = .default
  ) async throws {
    let handler = CommandHandler(
      ["sh", "-c", script], timeout: timeout, in: folder.root, redaction: redaction)
    let published = PublishedEvent(event, generation: 7, paths: paths)
    try await PublishedEvent.$current.withValue(published) {
      try await withQuietStarts { try await handler.handle(event) }
    }
  }

  private func json(_ path: FilePath = "json") throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(try folder.read(path)))
    return try #require(value as? [String: Any])
  }

  @Test("They get the event as JSON on their input, and what it is about in variables, in the root")
  func event() async throws {
    try await handle(
      .fileChanged(path: "static/b.css", change: .renamed(from: "static/a.css")),
      paths: ["static/b.css", "static/a.css"],
      script:
        "cat > json; printf '%s|' \"$HOTRELOAD_EVENT\" \"$HOTRELOAD_PATHS\" \"${HOTRELOAD_CONFIG-none}\" "
        + "\"$HOTRELOAD_GENERATION\" > variables")
    let object = try json()
    #expect(object["event"] as? String == "fileChanged")
    #expect(object["change"] as? String == "renamed")
    #expect(object["from"] as? String == "static/a.css")
    #expect(object["generation"] as? Int == 7)
    #expect(try folder.text("variables") == "fileChanged|static/b.css\nstatic/a.css|none|7|")
  }

  @Test("Values of a config come with its files, and without its secrets")
  func secrets() async throws {
    let text = "port = 81\npassword = \"hunter2\"\n[db]\napiKey = \"k-1\"\n"
    let new = try ConfigFormat.toml.parse(Array(text.utf8), file: "config/app.toml")
    let event = ChangeEvent.configChanged(name: "app", old: nil, new: new)
    try await handle(
      event, paths: ["config/app.toml"],
      script: "cat > json; echo $HOTRELOAD_CONFIG $HOTRELOAD_PATHS > variables")
    #expect(try folder.text("variables") == "app config/app.toml\n")
    #expect((try json()["value"] as? [String: Any])?["port"] as? Int == 81)
    let raw = try folder.text("json")
    #expect(!raw.contains("hunter2") && !raw.contains("k-1"))
    try await handle(event, script: "cat > json", redaction: .none)
    #expect(try folder.text("json").contains("hunter2"))
  }

  @Test("A refusal comes with file, line and column")
  func refusal() async throws {
    let location = SourceLocation(file: "config/app.toml", line: 3, column: 8)
    let problem = ConfigDiagnostic(
      location: location, keyPath: "server.port", message: "expected Int")
    try await handle(.validationFailed(name: "app", errors: [problem]), script: "cat > json")
    let errors = try #require(try json()["errors"] as? [[String: Any]])
    #expect(errors.first?["line"] as? Int == 3)
    #expect(errors.first?["keyPath"] as? String == "server.port")
  }

  @Test("A failure shows the code and the last lines of standard error")
  func failure() async throws {
    await #expect {
      try await handle(.recovered(name: "app"), script: "seq 1 50 >&2; exit 4")
    } throws: { error in
      let error = error as? CommandHandlerError
      return error?.reason == "exit code 4" && error?.lastLines == (41...50).map { "\($0)" }
    }
  }

  @Test("One that takes too long is killed, and that is an error")
  func timeout() async throws {
    await #expect {
      try await handle(
        .recovered(name: "app"), script: "sleep 100 & sleep 100", timeout: .milliseconds(100))
    } throws: { "\($0)".contains("longer than 0.1 s") }
  }

  @Test("No argument is read by a shell")
  func noShell() async throws {
    let handler = CommandHandler(
      ["touch", "$(id)", "a b;c"], on: [.recovered], in: folder.root)
    try await withQuietStarts { try await handler.handle(.recovered(name: "app")) }
    #expect(folder.exists("$(id)") && folder.exists("a b;c"))
    #expect(!handler.canHandle(.rescanned(.overflow)))
    #expect(handler.canHandle(.recovered(name: "x")))
  }
}

@Suite("Handlers of hotreload.toml")
struct CommandHandlerSettingsTests {
  private func load(_ text: String) throws -> [CommandHandlerSettings] {
    let folder = try TemporaryWorkspace()
    try folder.write("hotreload.toml", text)
    return try CommandHandlerSettings.load(from: Workspace(root: folder.root))
  }

  @Test("They are read beside a manager's own settings")
  func reading() throws {
    let handlers = try load(
      """
      debounce_ms = 100
      [[handler]]
      match = "static/**"
      run = ["npm", "run", "css"]
      on = ["fileChanged", "recovered"]
      timeout = 1.5
      [[handler]]
      match = "**"
      run = ["true"]
      """)
    #expect(
      handlers == [
        CommandHandlerSettings(
          match: "static/**", run: ["npm", "run", "css"], on: [.fileChanged, .recovered],
          timeout: .milliseconds(1_500)),
        CommandHandlerSettings(match: "**", run: ["true"]),
      ])
    let folder = try TemporaryWorkspace()
    #expect(try CommandHandlerSettings.load(from: Workspace(root: folder.root)).isEmpty)
  }

  @Test(
    "What is wrong is said with its place",
    arguments: [
      ("[[handler]]\nrun = [\"a\"]", "hotreload.toml:1:"),
      ("[[handler]]\nmatch = \"**\"", "run is missing"),
      ("[[handler]]\nmatch = \"[\"\nrun = [\"a\"]", "hotreload.toml:2:9 handler[0].match: glob"),
      (
        "[[handler]]\nmatch = \"**\"\nrun = \"npm run\"",
        "hotreload.toml:3:7 handler[0].run: expected an array"
      ),
      (
        "[[handler]]\nmatch = \"**\"\nrun = [\"a\", 1]",
        "hotreload.toml:3:13 handler[0].run: expected String"
      ),
      ("[[handler]]\nmatch = \"**\"\nrun = []", "hotreload.toml:3:7 handler[0].run: a program"),
      (
        "[[handler]]\nmatch = \"**\"\nrun = [\"a\"]\non = [\"nothing\"]",
        "hotreload.toml:4:7 handler[0].on: there is no event"
      ),
      (
        "[[handler]]\nmatch = \"**\"\nrun = [\"a\"]\ntimeout = 0",
        "hotreload.toml:4:11 handler[0].timeout: 0.0 s"
      ),
      (
        "[[handler]]\nmatch = \"**\"\nrun = [\"a\"]\nshell = true",
        "hotreload.toml:4:1 handler[0].shell: unknown"
      ),
      ("handler = 1", "hotreload.toml:1:11 handler: handlers are written as"),
      ("[[handler]\n", "hotreload.toml:1:"),
    ])
  func wrong(text: String, expected: String) {
    #expect { try load(text) } throws: { "\($0)".contains(expected) }
  }
}
