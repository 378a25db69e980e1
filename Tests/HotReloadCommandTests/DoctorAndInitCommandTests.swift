import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload init and doctor")
struct DoctorAndInitCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws { workspace = try TemporaryWorkspace() }

  private var mayMount: Bool { geteuid() == 0 }

  /// Runs a shell's lines in a mount namespace of its own; `$1` is the root, `$2` the command.
  private func runMounted(_ script: String) async throws -> (code: CInt, findings: [JSONObject]) {
    let process = try CommandProcess(
      command: [
        "/usr/bin/unshare", "--mount", "sh", "-ec", script, "sh", workspace.root.string,
        CommandProcess.path(of: "hotreload"),
      ])
    let lines = try await process.output.rest()
    return (try await process.exitCode(), try lines.map { try JSONObject($0) })
  }

  @Test("init makes a site whose configs check finds good, and refuses to do it again")
  func initialise() async throws {
    let folder = workspace.root.appending("coffee").string
    let made = try await CommandProcess.run(["init", folder])
    #expect(made.code == 0)
    #expect(made.output.contains("made  config/site.toml"))
    #expect(made.output.last == "next: cd \(folder) && hotreload serve")
    let check = try await CommandProcess.run(["check", "--root", folder])
    #expect(check.code == 0)
    #expect(check.output.count == 5)
    let again = try await CommandProcess.run(["init", folder])
    #expect(again.code == 1)
    #expect(again.output.isEmpty)
    #expect(again.errors.count == 1)
    #expect(again.errors[0].contains("config/site.toml and 25 more"))
    #expect(try await CommandProcess.run(["init", "--force", folder]).code == 64)
  }

  @Test("init leaves other files alone; with one of its own in the way it writes nothing")
  func initialiseBesideOthers() async throws {
    try workspace.write("notes.txt", "mine\n")
    try workspace.write("static/other.css", "a {}\n")
    let folder = workspace.root.string
    #expect(try await CommandProcess.run(["init", folder]).code == 0)
    #expect(try workspace.text("notes.txt") == "mine\n")
    #expect(try workspace.text("static/other.css") == "a {}\n")
    let other = try TemporaryWorkspace()
    try other.write("static/app.css", "b {}\n")
    let refused = try await CommandProcess.run(["init", other.root.string])
    #expect(refused.code == 1)
    #expect(refused.errors.first?.contains("there is already static/app.css; nothing") == true)
    #expect(try other.text("static/app.css") == "b {}\n")
    #expect(!other.exists("config") && !other.exists(".workspace"))
  }

  @Test("As JSON init prints a line for each file")
  func initialiseJSON() async throws {
    let made = try await CommandProcess.run(["init", "--json", workspace.root.string])
    let objects = try made.output.map { try JSONObject($0) }
    #expect(objects.allSatisfy { $0.string("event") == "made" && ($0.integer("time") ?? 0) > 0 })
    #expect(objects.contains { $0.string("path") == ".workspace" })
  }

  @Test("doctor ends with 1 if there is a problem, and prints the line that mends it below")
  func problem() async throws {
    try workspace.write("config/bad.toml", "x = \n")
    let result = try await CommandProcess.run(
      ["doctor", "--port", "0", "--root", workspace.root.string])
    #expect(result.code == 1)
    let index = try #require(result.output.firstIndex { $0.hasPrefix("problem  configs") })
    #expect(result.output[index + 1].hasSuffix("hotreload check bad --root \(workspace.root)"))
    #expect(result.output.last?.contains("1 problem") == true)
  }

  @Test("As JSON doctor prints a line for each finding; a root that is not there is an error")
  func json() async throws {
    let result = try await CommandProcess.run(
      ["doctor", "--json", "--port", "0", "--root", workspace.root.string])
    let objects = try result.output.map { try JSONObject($0) }
    #expect(objects.allSatisfy { $0.string("event") == "checked" && ($0.integer("time") ?? 0) > 0 })
    #expect(objects.contains { $0.string("check") == "inotify-watches" })
    let missing = try await CommandProcess.run(
      ["doctor", "--root", workspace.root.appending("nowhere").string])
    #expect(missing.code == 1)
    #expect(missing.errors.first?.contains("nowhere") == true)
    #expect(try await CommandProcess.run(["doctor", "--port", "70000"]).code == 64)
  }

  @Test("doctor sees a single mounted file, and what is mounted read-only")
  func mounts() async throws {
    guard mayMount else { return }
    try workspace.write("config/app.toml", "a = 1\n")
    try workspace.write("outside.toml", "a = 2\n")
    try workspace.makeDirectory("data")
    try workspace.makeDirectory("static")
    let result = try await runMounted(
      """
      mount --bind "$1/outside.toml" "$1/config/app.toml"
      mount -t tmpfs none "$1/static"
      mount -t tmpfs -o ro none "$1/data"
      exec "$2" doctor --json --port 0 --root "$1"
      """)
    #expect(result.code == 1)
    func finding(_ check: String) throws -> JSONObject {
      try #require(result.findings.first { $0.string("check") == check })
    }
    let bound = try finding("bound-files")
    #expect(bound.string("verdict") == "problem")
    #expect(bound.string("message")?.hasPrefix("config/app.toml is mounted") == true)
    let journal = try finding("journal")
    #expect(journal.string("verdict") == "problem")
    #expect(
      (journal["fixes"] as? [String])?.first
        == "sudo mount -o remount,rw \(workspace.root.appending("data"))")
    #expect(try finding("file-system-events").string("message")?.contains("tmpfs") == true)
  }
}
