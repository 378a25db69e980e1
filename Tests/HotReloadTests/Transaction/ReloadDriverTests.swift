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
}
