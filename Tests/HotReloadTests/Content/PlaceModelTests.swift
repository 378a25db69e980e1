import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

/// Any history of folders, edits and reloads: what is in force is always one of them as a whole.
@Suite("What is in force of a managed workspace", .timeLimit(.minutes(10)))
struct PlaceModelTests {
  private static let names = ["app", "left", "right"]
  private static let page: FilePath = "templates/a.mustache"

  private static func file(_ name: String) -> FilePath { FilePath("config/\(name).toml") }

  /// Everything that one folder or the workspace has, or has had.
  private struct World {
    var contents: [FilePath?: [FilePath: String]] = [:]
    var place: FilePath?
    /// What is in force.
    var inForce: [FilePath: String]
    /// Whether what the workspace has is good.
    var isOwnGood = true
    var last = 1
  }

  private static func files(
    _ number: Int, isGood: Bool, by random: inout SeededGenerator
  ) -> [FilePath: String] {
    var files: [FilePath: String] = [page: "\(number)"]
    for name in names { files[file(name)] = Fixture.text(number) }
    if random.below(3) == 0 { files["config/right.toml"] = nil }
    guard !isGood else { return files }
    switch random.below(4) {
    case 0: files["config/left.toml"] = "a = ]"
    case 1: files["config/app.toml"] = "a = \"x\"\nb = 1\n"
    case 2: files["config/app.toml"] = nil
    default: files[page] = "bad"
    }
    return files
  }

  @Test("is one whole folder or the workspace as it was, whatever happens")
  func whole() async throws {
    for seed in PropertySeeds(12) {
      var random = SeededGenerator(seed: seed)
      let first = Self.files(1, isGood: true, by: &random)
      let fixture = try await ManagedFixture(first)
      let app = try await fixture.app()
      let templates = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
      var world = World(contents: [nil: first], inForce: first)
      for _ in 0..<25 {
        try await Self.step(&world, fixture, &random)
        let snapshot = fixture.manager.snapshot()
        for name in Self.names {
          let expected = world.inForce[Self.file(name)]
          let value = snapshot.a(of: name).map { Fixture.text($0) }
          #expect(value == expected, "config \(name): \(random)")
        }
        let page = "templates/a.mustache=\(world.inForce[Self.page] ?? "")"
        #expect(templates.current == page, "\(random)")
        #expect(Fixture.text(app.current.a) == world.inForce[ManagedFixture.app], "\(random)")
        #expect(fixture.manager.contentFolder == world.place, "\(random)")
      }
      try await fixture.end()
    }
  }

  private static func step(
    _ world: inout World, _ fixture: ManagedFixture, _ random: inout SeededGenerator
  ) async throws {
    world.last += 1
    let isGood = random.below(3) > 0
    switch random.below(5) {
    case 0, 1:
      let files = files(world.last, isGood: isGood, by: &random)
      let folder = try fixture.release(FilePath("\(world.last)"), files)
      let report = try await fixture.bring(folder)
      #expect(report.isAccepted == isGood, "\(random)")
      if isGood { (world.place, world.inForce, world.contents[folder]) = (folder, files, files) }
    case 2:
      let files = files(world.last, isGood: isGood, by: &random)
      for path in world.contents[nil, default: [:]].keys where files[path] == nil {
        try fixture.folder.remove(path)
      }
      for (path, text) in files { try fixture.folder.replace(path, text) }
      world.contents[nil] = files
      world.isOwnGood = isGood
      try await fixture.manager.sync()
    case 3:
      let report = try await fixture.bringBack()
      #expect(report.isAccepted == world.isOwnGood, "\(random)")
      if world.isOwnGood { (world.place, world.inForce) = (nil, world.contents[nil] ?? [:]) }
    default:
      // From a folder nothing else comes than it had; from the workspace what it has by now, if that is good.
      let report = try await fixture.manager.reload()
      let isGood = world.place != nil || world.isOwnGood
      #expect(report.isAccepted == isGood, "\(random)")
      if isGood { world.inForce = world.contents[world.place] ?? [:] }
    }
  }
}
