import FileWatching
import HotReloadTesting
import InMemoryTracing
import Synchronization
import Testing
import Tracing
import WorkspaceTools

@testable import HotReload

@Suite("The spans", .timeLimit(.minutes(5)))
struct ReloadTracingTests {
  @Test("of a transaction have its phases as children, with the times of its report")
  func phases() async throws {
    let observed = try await Observed.scripted()
    let stream = try await observed.manager.watchConfigChanges("app", as: AppConfig.self)
    try observed.fixture.folder.replace(Fixture.app, Fixture.text(2))
    let before = UInt64(nanosecondsSince1970())
    let report = try await observed.manager.reload()
    let after = UInt64(nanosecondsSince1970())
    let (root, phases) = try observed.lastTrace()
    #expect(phases.map(\.operationName) == report.phases.map { "hotreload.\($0.phase.rawValue)" })
    #expect(phases.map(\.duration) == report.phases.map(\.duration))
    #expect(phases.count == 6)
    #expect(root.begin == phases.first?.begin && root.end == phases.last?.end)
    // The two clocks are read one after the other.
    let slack: UInt64 = 50_000_000
    #expect(before <= root.begin + slack && root.end <= after + slack)
    for (phase, next) in zip(phases.dropFirst(), phases.dropFirst(2)) {
      #expect(phase.end == next.begin)
    }
    #expect(root.parentSpanID == nil && root.status == nil)
    #expect(root.texts("hotreload.producers") == ["reload"])
    #expect(root.texts("hotreload.units") == ["config app"])
    #expect(root.text("hotreload.outcome") == "applied")
    #expect(root.number("hotreload.generation") == 2)
    #expect(stream.current.a == 2)
    try await observed.fixture.end()
  }

  @Test("say what was rejected, without secrets")
  func rejected() async throws {
    let observed = try await Observed.scripted([Fixture.app: "password = \"one\""])
    let stream = try await observed.manager.watchConfigChanges("app", as: SecretConfig.self)
    try await observed.save(Fixture.app, "password = \"hunter2\"")
    let (root, _) = try observed.lastTrace()
    #expect(root.status?.code == .error)
    #expect(
      root.status?.message
        == "config/app.toml:1:12 password: the value is not accepted (redacted)")
    #expect(root.text("hotreload.outcome") == "rejected")
    #expect(root.text("error.type") == "rejected")
    #expect(root.events.map(\.name) == ["hotreload.unit"])
    #expect(stream.current.password == "one")
    try await observed.fixture.end()
  }

  @Test("of what the program does in a phase are children of the phase")
  func participants() async throws {
    let observed = try await Observed.scripted()
    let tracer = observed.tracer
    _ = try await observed.manager.register(
      NumberMaker(tracer: tracer), for: [.config("app")])
    try await observed.manager.registerValidator(config: "app") { _ in
      tracer.startSpan("check").end()
    }
    tracer.clearFinishedSpans()
    try await observed.save(Fixture.app, Fixture.text(2))
    let (root, phases) = try observed.lastTrace()
    func parent(of name: String) -> String? {
      let span = tracer.finishedSpans.first { $0.operationName == name }
      #expect(span?.traceID == root.traceID)
      return phases.first { $0.spanID == span?.parentSpanID }?.operationName
    }
    #expect(parent(of: "check") == "hotreload.validate")
    #expect(parent(of: "build 2") == "hotreload.prepare")
    #expect(parent(of: "take over 2") == "hotreload.activate")
    #expect(tracer.activeSpans.isEmpty)
    #expect(observed.traceCount == 1)
    try await observed.fixture.end()
  }

  @Test("mark the phase in which a participant refused")
  func refused() async throws {
    let observed = try await Observed.scripted()
    _ = try await observed.manager.register(NumberMaker(), for: [.config("app")])
    try await observed.save(Fixture.app, Fixture.text(200))
    let (root, phases) = try observed.lastTrace()
    #expect(root.text("hotreload.outcome") == "refused")
    #expect(root.status?.message?.contains("NumberMaker refused it: 200 is too much") == true)
    let failed = phases.filter { $0.status?.code == .error }.map(\.operationName)
    #expect(failed == ["hotreload.prepare"])
    try await observed.fixture.end()
  }

  @Test("of a roll-back reach from the begin of the bake")
  func rolledBack() async throws {
    let observed = try await Observed.scripted(
      [Fixture.app: Fixture.text(1)], .rollingBack(66))
    let manager = observed.manager
    await manager.waitForBake()
    try await observed.save(Fixture.app, Fixture.text(66))
    await eventually { manager.snapshot().generation == 3 }
    try await manager.sync()
    let (root, phases) = try observed.lastTrace()
    #expect(root.text("hotreload.outcome") == "rolledBack")
    #expect(root.texts("hotreload.producers") == ["verify"])
    #expect(root.status?.message?.contains("a is 66") == true)
    #expect(
      phases.map(\.operationName) == ["hotreload.verify", "hotreload.swap", "hotreload.publish"])
    #expect(root.begin == phases.first?.begin)
    try await observed.fixture.end()
  }

  @Test("are made for no transaction that somebody only waited with")
  func waiting() async throws {
    let observed = try await Observed.scripted()
    let count = observed.traceCount
    try await observed.manager.sync()
    #expect(observed.traceCount == count)
    observed.fixture.source?.deliver([FileChange(path: "static/a", kind: .created)], to: 1)
    try await observed.manager.sync()
    #expect(observed.traceCount == count + 1)
    #expect(try observed.lastTrace().root.text("hotreload.outcome") == "told")
    try await observed.fixture.end()
  }

  @Test("are linked to those who asked for the transaction, and no children of theirs")
  func links() async throws {
    let observed = try await Observed.scripted()
    let (tracer, manager) = (observed.tracer, observed.manager)
    let asker = try await tracer.withSpan("request") { span in
      try await manager.reload()
      return span.spanID
    }
    let (root, _) = try observed.lastTrace()
    #expect(root.parentSpanID == nil)
    #expect(root.links.map { $0.context.inMemorySpanContext?.spanID } == [asker])
    try await observed.fixture.end()
  }

  @Test("of a transaction that is given up end, and say so")
  func givenUp() async throws {
    let observed = try await Observed.scripted()
    let maker = HeldMaker()
    _ = try await observed.manager.register(maker, for: [.config("app")])
    try observed.fixture.folder.replace(Fixture.app, Fixture.text(2))
    observed.fixture.source?.deliver(modified: Fixture.app)
    await maker.isEntered.wait()
    async let end: Void = observed.manager.shutdown()
    let tracer = observed.tracer
    await eventually { tracer.activeSpans.isEmpty }
    maker.mayGoOn.open()
    try await end
    let (root, phases) = try observed.lastTrace()
    #expect(root.status?.message == "given up before anything came into force")
    #expect(phases.map(\.operationName) == ["hotreload.prepare"])
    #expect(root.end >= root.begin)
  }

  @Test("go to what the program has set up, if the configuration names nothing")
  func bootstrapped() async throws {
    let tracer = InMemoryTracer()
    let fixture = try await withTracer(tracer) { try await Fixture.scripted() }
    #expect(tracer.finishedSpans.last?.operationName == "hotreload.transaction")
    try await fixture.end()
  }

  @Test("leave the program's code alone where nobody traces")
  func nobody() async throws {
    #expect(ReloadTracing(NoOpTracer()) == nil)
    var configuration = Fixture.configuration
    configuration.tracer = NoOpTracer()
    let fixture = try await Fixture.scripted([Fixture.app: Fixture.text(1)], configuration)
    let isTraced = Mutex<Bool?>(nil)
    try await fixture.manager.registerValidator(config: "app") { _ in
      isTraced.withLock { $0 = ServiceContext.current != nil }
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(isTraced.withLock { $0 } == false)
    try await fixture.end()
  }

  @Test(
    "of merged candidates cover the time in which they were classified, and link to a bounded number"
  )
  func merging() {
    let context = ServiceContext.topLevel
    var first = ClassifiedCandidate(producers: [.reload])
    first.classified = .milliseconds(1) ... .milliseconds(2)
    first.origins = [context]
    var second = ClassifiedCandidate(producers: [.watcher])
    second.classified = .milliseconds(5) ... .milliseconds(7)
    second.origins = Array(repeating: context, count: ReloadTracing.maximumLinks)
    first.merge(second)
    #expect(first.classified == .milliseconds(1) ... .milliseconds(7))
    #expect(first.origins.count == ReloadTracing.maximumLinks)
  }
}
