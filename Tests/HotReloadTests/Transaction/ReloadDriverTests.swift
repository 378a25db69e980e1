import Glibc
import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("A driver", .timeLimit(.minutes(5)))
struct ReloadDriverTests {
  /// Configs that are read through a gate.
  private final class GatedSource: ConfigSource {
    let inner: WorkspaceConfigSource
    let gates = Mutex<[String: Gate]>([:])

    init(_ inner: WorkspaceConfigSource) {
      self.inner = inner
    }

    func load(_ name: String) -> UnitLoadResult {
      gates.withLock { $0[name] }?.pass()
      return inner.load(name)
    }

    func load(_ files: [FilePath], as name: String) -> UnitLoadResult {
      inner.load(files, as: name)
    }

    func names() throws -> [String] { try inner.names() }
    func candidates(for name: String) -> [FilePath] { inner.candidates(for: name) }
    func configName(of path: FilePath) -> String? { inner.configName(of: path) }
    func reading(from folder: FilePath?) -> any ConfigSource { self }
    func brings(_ files: [FilePath]) -> Bool { false }
  }

  /// Where a thread can be held up.
  private final class Gate: Sendable {
    let isEntered = Latch()
    let isOpen = Latch()

    func pass() {
      isEntered.open()
      while !isOpen.isOpen { sched_yield() }
    }
  }

  @Test("goes on with another thread when a load hangs, and discards what it brings late")
  func hangingLoad() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/a.toml", "x = 1")
    try folder.write("config/b.toml", "x = 1")
    let workspace = try Workspace(root: folder.root)
    let source = GatedSource(
      WorkspaceConfigSource(
        loader: ConfigLoader(workspace: workspace),
        filter: try PathFilter(
          include: ["config/**"], exclude: [])))
    let clock = ManualClock()
    let driver = try ReloadDriver(
      configs: source, configuration: Fixture.configuration, clock: ReloadClock(clock),
      bus: EventBus(), limits: .init(load: .seconds(3)))
    _ = try await driver.submit(.everything(by: .start))
    let gate = Gate()
    source.gates.withLock { $0["a"] = gate }
    try folder.write("config/a.toml", "x = 2")
    try folder.write("config/b.toml", "x = 2")
    async let stuck = driver.submit(
      Candidate(producer: .reload, scope: .units([.config("a")])))
    await gate.isEntered.wait()
    source.gates.withLock { $0 = [:] }
    await clock.waitForSleepers()
    clock.advance(by: .seconds(3))
    #expect(try await stuck.errors.first?.message.contains("3.0 seconds") == true)
    let report = try await driver.submit(
      Candidate(producer: .reload, scope: .units([.config("b")])))
    #expect(report.outcome(of: "b") == .applied)
    gate.isOpen.open()
    #expect(driver.cell.storage.config("a")?.tree["x"]?.value == .integer(1))
    let again = try await driver.submit(
      Candidate(producer: .reload, scope: .units([.config("a")])))
    #expect(again.outcome(of: "a") == .recovered)
    await driver.stop()
  }

  /// A driver over a folder, with what an earlier process knew to be good.
  private static func driver(
    _ folder: TemporaryWorkspace, lastGood: [String: String]
  ) async throws -> ReloadDriver {
    var memory = TransactionMachine<UnitContent>.Memory(generation: 5)
    let before = try TemporaryWorkspace()
    for (name, text) in lastGood {
      try before.write(FilePath("config/\(name).toml"), text)
      let loader = ConfigLoader(workspace: try Workspace(root: before.root))
      memory.lastGood[.config(name)] = .config(try loader.load(name))
    }
    let source = WorkspaceConfigSource(
      loader: ConfigLoader(workspace: try Workspace(root: folder.root)),
      filter: try PathFilter(include: ["config/**"], exclude: []))
    let driver = try ReloadDriver(
      configs: source, configuration: Fixture.configuration, clock: ReloadClock(ManualClock()),
      bus: EventBus(), memory: memory)
    _ = try await driver.submit(.everything(by: .start))
    return driver
  }

  private static func slot(_ driver: ReloadDriver) async throws -> ValueSlot<AppConfig> {
    try await driver.slot(
      for: .config("app"), key: .type(ObjectIdentifier(AppConfig.self))
    ) { content, validating in
      guard let config = content.config else { throw HotReloadError.rejected(.config("app"), []) }
      return try MadeValue(config, validating: validating)
    }
  }

  @Test("starts from what an earlier process knew to be good when a type refuses what is on disk")
  func fallsBack() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "a = \"x\"\nb = 2\n")
    let driver = try await Self.driver(folder, lastGood: ["app": Fixture.text(1)])
    // All that ask at the same time get the same.
    let slots = try await withThrowingTaskGroup(of: ValueSlot<AppConfig>.self) { group in
      for _ in 0..<8 { group.addTask { try await Self.slot(driver) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(slots.allSatisfy { $0 === slots[0] && $0.current.a == 1 })
    #expect(driver.cell.storage.generation == 7)
    let refusal = driver.state.withLock { $0.machine.units[.config("app")]?.refusal ?? [] }
    #expect(refusal.first?.description.contains("app.toml:1:5") == true)
    try folder.write("config/app.toml", Fixture.text(3))
    let report = try await driver.submit(.everything(by: .reload))
    #expect(report.outcome(of: "app") == .recovered)
    #expect(slots[0].current.a == 3)
    await driver.stop()
  }

  @Test("has no stream of what no process ever found good")
  func nothingToFallBackTo() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "a = \"x\"\nb = 2\n")
    for lastGood in [[:], ["app": "a = \"y\"\n"]] {
      let driver = try await Self.driver(folder, lastGood: lastGood)
      await #expect { _ = try await Self.slot(driver) } throws: {
        ($0 as? HotReloadError)?.code == .configRejected
      }
      #expect(driver.cell.storage.config("app")?.tree["b"]?.value == .integer(2))
      await driver.stop()
    }
  }
}
