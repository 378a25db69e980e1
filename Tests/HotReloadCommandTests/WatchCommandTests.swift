import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload watch")
struct WatchCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "a = 1\n")
    try workspace.write("config/other.toml", "a = 1\n")
  }

  /// Starts it and waits until it watches.
  private func watch(_ arguments: String...) async throws -> CommandProcess {
    let process = try CommandProcess(["watch", "--root", workspace.root.string] + arguments)
    _ = try await process.errors.next { $0.contains("watching") }
    return process
  }

  @Test(
    "JSON lines begin with ready, and name a change with its set",
    arguments: [[], ["--poll", "10ms"]])
  func jsonLines(backend: [String]) async throws {
    let process = try CommandProcess(
      ["watch", "--root", workspace.root.string, "--json", "--debounce", "20ms"] + backend)
    let ready = try await process.output.nextObject()
    #expect(ready.string("event") == "ready")
    #expect(ready.string("backend") == (backend.isEmpty ? "inotify" : "polling"))
    #expect(ready.integer("files") == 2)
    #expect(try #require(ready.integer("time")) > 1_600_000_000_000_000_000)
    try workspace.replace("config/app.toml", "a = 2\n")
    let change = try await process.output.nextObject(event: "change")
    #expect(change.string("path") == "config/app.toml")
    #expect(change.string("change") == "modified")
    #expect(change.integer("set") == 1)
    #expect(try #require(change.integer("time")) >= ready.integer("time") ?? .max)
  }

  @Test(
    "Columns have the absolute path, a rename as its two halves, and a newline in a name as \\n")
  func columns() async throws {
    let process = try await watch("--format", "tsv", "--quiet-period", "0")
    let root = workspace.root.string
    try workspace.write("with\nnewline", "x")
    #expect(try await process.output.next() == "0\tcreated\t\(root)/with\\nnewline")
    try workspace.rename("config/other.toml", to: "config/new.toml")
    let halves = [try await process.output.next(), try await process.output.next()]
    #expect(
      halves == ["0\tdeleted\t\(root)/config/other.toml", "0\tcreated\t\(root)/config/new.toml"])
    try workspace.remove("config/app.toml")
    #expect(try await process.output.next() == "0\tdeleted\t\(root)/config/app.toml")
  }

  @Test("A name that is not UTF-8 reaches a tsv reader byte by byte")
  func rawBytes() async throws {
    let process = try await watch("--format", "tsv", "--quiet-period", "0")
    let name = FilePath(platformString: [0x78, 0xFE, 0x79, 0].map { CChar(bitPattern: $0) })
    try workspace.write(name, "x")
    let line = try await process.output.nextBytes()
    #expect(line == Array("0\tcreated\t\(workspace.root.string)/x".utf8) + [0xFE, 0x79])
  }

  @Test("Only what is included and not excluded is printed")
  func globs() async throws {
    let process = try await watch(
      "--format", "tsv", "--quiet-period", "0", "--include", "config/*.toml", "--exclude",
      "**/other.*")
    try workspace.write("elsewhere.toml", "x")
    try workspace.replace("config/other.toml", "b")
    try workspace.replace("config/app.toml", "b")
    let line = try await process.output.next()
    #expect(line == "0\tmodified\t\(workspace.root.string)/config/app.toml")
  }

  @Test("Hidden and temporary files are left out, unless --no-exclude is given")
  func defaultExcludes() async throws {
    let some = try await watch("--format", "tsv", "--quiet-period", "0")
    let all = try await watch("--format", "tsv", "--quiet-period", "0", "--no-exclude")
    let root = workspace.root.string
    try workspace.write(".hidden", "x")
    #expect(try await all.output.next() == "0\tcreated\t\(root)/.hidden")
    for name in ["a.tmp", "a.swp", "a~"] { try workspace.write(FilePath(name), "x") }
    try workspace.write("seen", "x")
    #expect(try await some.output.next() == "0\tcreated\t\(root)/seen")
  }

  @Test("Text for people names the change and the path")
  func text() async throws {
    let process = try await watch()
    try workspace.write("new.txt", "x")
    let line = try #require(try await process.output.next())
    #expect(line.hasSuffix("  created   new.txt"))
  }

  @Test("SIGTERM and SIGINT end it with 0", arguments: [SIGTERM, SIGINT])
  func signals(number: CInt) async throws {
    let process = try await watch("--json")
    process.signal(number)
    #expect(try await process.exitCode() == 0)
  }

  @Test("A reader that goes away ends it quietly with 0")
  func brokenPipe() async throws {
    let process = try await watch("--format", "tsv", "--quiet-period", "0")
    process.output.closeReading()
    try workspace.write("new.txt", "x")
    #expect(try await process.exitCode() == 0)
    #expect(try await process.errors.rest().isEmpty)
  }

  @Test("A malformed glob is an error of the workspace, and names its place")
  func badGlob() async throws {
    let result = try await CommandProcess.run(
      ["watch", "--root", workspace.root.string, "--include", "config/[a"])
    #expect(result.code == 1)
    #expect(result.errors.first?.contains("config/[a") == true)
  }

  @Test("A root that does not exist is waited for")
  func missingRoot() async throws {
    let root = workspace.root.appending("later")
    let process = try CommandProcess(
      ["watch", "--root", root.string, "--format", "tsv", "--quiet-period", "0"])
    _ = try await process.errors.next { $0.contains("watching") }
    try workspace.write("later/file", "x")
    let line = try await process.output.next { !$0.contains("rescanned") }
    #expect(line == "0\tcreated\t\(root)/file")
  }
}
