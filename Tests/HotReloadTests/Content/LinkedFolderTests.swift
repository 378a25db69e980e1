import HotReloadTesting
import SystemPackage
import Testing

@testable import HotReload

@Suite("A folder of templates that a link stands for", .timeLimit(.minutes(5)))
struct LinkedFolderTests {
  private static let shared: FilePath = "templates/shared"

  /// A workspace with a ConfigMap beside its templates, to whose folder a link leads.
  private func start() async throws -> (Fixture, ParticipantRegistration<String>) {
    let fixture = try await Fixture.real()
    try fixture.folder.publishConfigMap(["x.mustache": "one"], in: "mounted", version: "1")
    try fixture.folder.makeDirectory("templates")
    try fixture.folder.symlink(Self.shared, to: "../mounted")
    try await fixture.manager.sync()
    return (
      fixture, try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    )
  }

  /// Returns once the templates are these: a linked file is watched soon after it was read first.
  private func wait(_ templates: ParticipantRegistration<String>, for text: String) async {
    var changes = templates.makeAsyncIterator()
    while templates.current != text { _ = await changes.next() }
  }

  @Test("is read, and followed when its files or the links on the way to them change")
  func follows() async throws {
    let (fixture, templates) = try await start()
    #expect(templates.current == "templates/shared/x.mustache=one")
    try fixture.folder.publishConfigMap(["x.mustache": "two"], in: "mounted", version: "2")
    await wait(templates, for: "templates/shared/x.mustache=two")
    try fixture.folder.replace("mounted/..2/x.mustache", "three")
    await wait(templates, for: "templates/shared/x.mustache=three")
    try await fixture.end()
  }

  @Test("goes with the link")
  func goes() async throws {
    let (fixture, templates) = try await start()
    try fixture.folder.write("templates/own.mustache", "own")
    try await fixture.manager.sync()
    try fixture.folder.remove(Self.shared)
    try await fixture.manager.sync()
    #expect(templates.current == "templates/own.mustache=own")
    try await fixture.end()
  }

  @Test("is found by a reload if the link was made meanwhile")
  func comes() async throws {
    let (fixture, templates) = try await start()
    try fixture.folder.write("more/y.mustache", "y")
    try fixture.folder.symlink("templates/more", to: "../more")
    try await fixture.manager.reload()
    #expect(templates.current == "templates/more/y.mustache=y templates/shared/x.mustache=one")
    try fixture.folder.replace("more/y.mustache", "z")
    await wait(
      templates, for: "templates/more/y.mustache=z templates/shared/x.mustache=one")
    try await fixture.end()
  }
}
