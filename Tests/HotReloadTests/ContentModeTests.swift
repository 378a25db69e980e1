import Foundation
import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Content from elsewhere", .timeLimit(.minutes(2)))
struct ContentModeTests {
  struct App: Decodable, Sendable, ValidatedConfig {
    var number: Int

    func validate() throws {
      var problems = ConfigProblems()
      problems.require(number >= 0, "number", "must not be negative")
      try problems.throwIfAny()
    }
  }

  private let folder: TemporaryWorkspace
  private let elsewhere: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
    elsewhere = try TemporaryWorkspace()
    try folder.write("config/app.toml", "number = 1\n")
    try folder.write("certs/server.txt", "first")
  }

  /// A folder that is laid out as a workspace, with this number.
  private func bundle(_ name: String, _ text: String) throws -> FilePath {
    try elsewhere.write(FilePath(name).appending("config/app.toml"), text)
    return elsewhere.root.appending(name)
  }

  private func run(
    _ body: (HotReloadManager, ConfigStream<App>) async throws -> Void
  ) async throws {
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        atomicGroups: .all, contentMode: .managed(initial: nil)))
    let stream = try await manager.watchConfigChanges("app", as: App.self)
    do {
      try await body(manager, stream)
    } catch {
      try await manager.shutdown()
      throw error
    }
    try await manager.shutdown()
  }

  private func candidate(_ content: Candidate.Content) -> Candidate {
    Candidate(producer: .other("test"), scope: .everything, content: content)
  }

  @Test("comes into force whole, and is where everything is loaded from until other content comes")
  func folders() async throws {
    let two = try bundle("two", "number = 2\n")
    try elsewhere.write("two/config/other.toml", "name = \"x\"\n")
    try await run { manager, stream in
      let report = try await manager.submit(candidate(.folder(two)))
      #expect(report.isAccepted && manager.contentFolder == two && stream.current.number == 2)
      #expect(manager.snapshot().config("other") != nil)
      #expect(try await manager.reload().isAccepted)
      #expect(stream.current.number == 2)
      let again = try await manager.submit(candidate(.folder(bundle("same", "number = 2\n"))))
      #expect(again.isAccepted && again.units.allSatisfy { !$0.isChanged })
      _ = try await manager.submit(candidate(.workspace))
      #expect(manager.contentFolder == nil && stream.current.number == 1)
    }
  }

  @Test(
    "is refused whole, with places relative to the workspace, and leaves what is in force and where it is from",
    arguments: ["number = -2\n", "number = \"two\"\n", "number = \n", ""])
  func refusal(text: String) async throws {
    let two = try bundle("two", "number = 2\n")
    let bad =
      text.isEmpty ? elsewhere.root.appending("nothing") : try bundle("bad", text)
    try elsewhere.write("nothing/templates/x.mustache", "x")
    try await run { manager, stream in
      _ = try await manager.submit(candidate(.folder(two)))
      let found = try await manager.check(content: bad)
      #expect(found[.config("app")]?.isEmpty == false)
      #expect(stream.current.number == 2)
      let report = try await manager.submit(candidate(.folder(bad)))
      #expect(!report.isAccepted && manager.contentFolder == two && stream.current.number == 2)
      // That there is none at all says where.
      #expect(
        report.errors.allSatisfy {
          text.isEmpty || !$0.description.contains(elsewhere.root.string)
        })
      #expect(report.errors.contains { $0.description.contains("config/app") })
      #expect(try await manager.check(content: two).values.allSatisfy(\.isEmpty))
    }
  }

  @Test(
    "holds edits of the workspace's own files, tells of them, and lets its own file groups change")
  func edits() async throws {
    try await run { manager, stream in
      let certificate = try await manager.watchFiles("certificate", ["certs/server.txt"]) { files in
        String(decoding: files["certs/server.txt"] ?? [], as: UTF8.self)
      }
      try folder.replace("config/app.toml", "number = 7\n")
      try folder.replace("certs/server.txt", "second")
      try await manager.sync()
      #expect(stream.current.number == 1 && certificate.current == "second")
      // A config that is also one of a group's files comes into force as that alone.
      let both = try await manager.watchFiles("both", ["config/app.toml"])
      try folder.replace("config/app.toml", "number = 8\n")
      try await manager.sync()
      #expect(both.current["config/app.toml"] == Array("number = 8\n".utf8))
      #expect(stream.current.number == 1)
      var held = manager.heldChanges().makeAsyncIterator()
      #expect(await held.next()?.contains("config/app.toml") == true)
      // A folder that changed as a whole is no way around it.
      try FileManager.default.moveItem(
        atPath: folder.path("config").string, toPath: folder.path("away").string)
      try await manager.sync()
      try FileManager.default.moveItem(
        atPath: folder.path("away").string, toPath: folder.path("config").string)
      try await manager.sync()
      #expect(stream.current.number == 1)
      let two = try bundle("two", "number = 2\n")
      _ = try await manager.submit(candidate(.folder(two)))
      try folder.replace("certs/server.txt", "third")
      try await manager.sync()
      #expect(stream.current.number == 2 && certificate.current == "third")
      await #expect(throws: HotReloadError.self) { try await manager.restore("app", to: 1) }
    }
  }

  @Test("needs one group for everything, and an absolute folder")
  func validation() {
    #expect(throws: HotReloadError.self) {
      try HotReloadConfiguration(contentMode: .managed(initial: nil)).validate()
    }
    #expect(throws: HotReloadError.self) {
      try HotReloadConfiguration(
        atomicGroups: .all, contentMode: .managed(initial: "config")
      ).validate()
    }
  }
}
