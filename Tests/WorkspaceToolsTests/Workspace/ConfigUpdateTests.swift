import HotReloadTesting
import Synchronization
import SystemPackage
import Testing

@testable import WorkspaceTools

@Suite("Updating configs")
struct ConfigUpdateTests {
  struct Counter: Codable, Sendable, Equatable {
    var count: Int
    var note: String?
  }
  struct Refused: Error {}

  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  @Test("The value is read, changed and written; keys that the type does not know stay")
  func update() async throws {
    try folder.write(
      "config/app.toml", "other = true\ncount = 1\nnote = \"x\"\n[deep]\nkept = [1, 2]\n")
    let value = try await workspace.updateConfig("app", as: Counter.self) {
      $0.count += 1
      $0.note = nil
    }
    #expect(value == Counter(count: 2))
    let tree = try await workspace.loadConfigTree("app")
    #expect(tree["count"] == 2 && tree["note"] == nil && tree["other"] == true)
    #expect(tree["deep.kept"] == [1, 2])
  }

  @Test("Only the layer's own file is read and written: overlays do not get into the base")
  func layerAlone() async throws {
    try folder.write("config/app.toml", "count = 1")
    try folder.write("config/app.production.toml", "count = 100\nnote = \"overlay\"")
    try await workspace.updateConfig("app", as: Counter.self) { $0.count += 1 }
    #expect(
      try ConfigLoader(workspace: workspace).loadFile("config/app.toml").tree
        == ConfigTree(["count": 2]))
    try await workspace.updateConfig("app", as: Counter.self, layer: .environment("production")) {
      $0.count += 1
    }
    #expect(try await workspace.loadConfig("app") == Counter(count: 101, note: "overlay"))
  }

  @Test("Updates at once do not lose one another's changes")
  func concurrent() async throws {
    try folder.write("config/app.json", "{\"count\": 0}")
    let workspace = workspace
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<40 {
        group.addTask {
          // One that a slow machine makes wait too long is refused and has changed nothing.
          for attempt in 1...30 {
            do {
              try await workspace.updateConfig("app", as: Counter.self) { $0.count += 1 }
              return
            } catch let error as ConfigError where error.code == .locked && attempt < 30 {}
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await workspace.loadConfig("app") == Counter(count: 40))
  }

  @Test("An update whose lock is held tells so, and goes on when it is free")
  func lock() async throws {
    try folder.write("config/app.toml", "count = 1")
    let update = ConfigUpdate<Counter>(
      writer: try ConfigWriter(
        loader: ConfigLoader(workspace: workspace), name: "app", layer: .base),
      initial: nil, change: { $0.count += 1 })
    do {
      let held = try FileLock.tryLock(folder.path("data/locks/config/app.lock"))
      #expect(held != nil)
      #expect(try update.runIfUnlocked() == nil)
      #expect(update.lockedError().description.contains("data/locks/config/app.lock"))
      withExtendedLifetime(held) {}
    }
    #expect(try update.runIfUnlocked() == Counter(count: 2))
  }

  @Test(
    "An editor that writes without the lock is not overwritten: the change is made to what it wrote"
  )
  func editor() async throws {
    try folder.write("config/app.toml", "count = 1")
    let calls = Mutex(0)
    let folder = folder
    let value = try await workspace.updateConfig("app", as: Counter.self) { value in
      let call = calls.withLock { calls -> Int in
        calls += 1
        return calls
      }
      if call == 1 { try folder.replace("config/app.toml", "count = 10") }
      value.count += 1
    }
    #expect(value == Counter(count: 11))
    #expect(calls.withLock { $0 } == 2)
  }

  @Test("An editor that writes all the time ends the update after a bounded number of attempts")
  func busyEditor() async throws {
    try folder.write("config/app.toml", "count = 1")
    let folder = folder
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.updateConfig("app", as: Counter.self) { value in
        try folder.replace("config/app.toml", "count = \(value.count + 10)")
        value.count += 1
      }
    }
    #expect(error?.code == .notSettled)
    #expect(try folder.text("config/app.toml") == "count = 51")
  }

  @Test("A missing file is an error, or made from the initial value")
  func missing() async throws {
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.updateConfig("app", as: Counter.self) { $0.count += 1 }
    }
    #expect(error?.code == .missing)
    let value = try await workspace.updateConfig("app", initial: Counter(count: 5)) {
      $0.count += 1
    }
    #expect(value.count == 6)
    #expect(try await workspace.loadConfig("app") == Counter(count: 6))
  }

  @Test("What the change throws is passed on, and nothing is written")
  func throwing() async throws {
    try folder.write("config/app.toml", "count = 1")
    await #expect(throws: Refused.self) {
      try await workspace.updateConfig("app", as: Counter.self) {
        $0.count = 2
        throw Refused()
      }
    }
    #expect(try folder.text("config/app.toml") == "count = 1")
  }

  @Test("A change that changes nothing writes nothing")
  func unchanged() async throws {
    try folder.write("config/app.toml", "count = 1 # kept")
    try await workspace.updateConfig("app", as: Counter.self) { $0.count = 1 }
    #expect(try folder.text("config/app.toml") == "count = 1 # kept")
  }
}
