import HotReloadTesting
import InMemoryLogging
import InMemoryTracing
import Logging
import MetricsTestKit
import SystemPackage
import Testing
import Tracing
import WorkspaceTools

@testable import HotReload

/// A manager whose log, metrics and spans are kept.
struct Observed {
  let fixture: Fixture
  let metrics: TestMetrics
  let tracer: InMemoryTracer
  let lines: InMemoryLogHandler

  var manager: HotReloadManager { fixture.manager }

  /// With a watcher that says only what the test says.
  static func scripted(
    _ files: [FilePath: String] = [Fixture.app: Fixture.text(1)],
    _ configuration: HotReloadConfiguration = Fixture.configuration,
    clock: some Clock<Duration> = ContinuousClock()
  ) async throws -> Observed {
    let sinks = Sinks()
    return Observed(
      fixture: try await .scripted(files, sinks.added(to: configuration), clock: clock), sinks)
  }

  /// With the real watcher.
  static func real() async throws -> Observed {
    let sinks = Sinks()
    return Observed(
      fixture: try await .real(
        [Fixture.app: Fixture.text(1)], sinks.added(to: Fixture.configuration)), sinks)
  }

  private struct Sinks {
    let metrics = TestMetrics()
    let tracer = InMemoryTracer()
    let lines = InMemoryLogHandler()

    func added(to configuration: HotReloadConfiguration) -> HotReloadConfiguration {
      var result = configuration
      result.metricsFactory = metrics
      result.tracer = tracer
      result.logger = Logger(label: "test", factory: { _ in lines })
      result.logger.logLevel = .trace
      return result
    }
  }

  private init(fixture: Fixture, _ sinks: Sinks) {
    self.fixture = fixture
    metrics = sinks.metrics
    tracer = sinks.tracer
    lines = sinks.lines
  }

  func save(_ path: FilePath = Fixture.app, _ text: String) async throws {
    try await fixture.save(path, text)
    // A thread that ended a transaction tells of it right afterwards; whoever asks meanwhile finds nothing under way.
    await eventually { tracer.activeSpans.isEmpty }
  }

  func gauge(_ metric: ReloadMetric, _ dimensions: [(String, String)] = []) throws -> Double? {
    try metrics.expectMeter(metric.rawValue, dimensions).lastValue
  }

  func count(_ metric: ReloadMetric, _ dimensions: [(String, String)] = []) -> Int64 {
    metrics.counterTotal(label: metric.rawValue, dimensions: dimensions)
  }

  func reloads(_ kind: ReloadOutcome.Kind) -> Int64 {
    count(.reloads, [("outcome", kind.rawValue)])
  }

  /// The last transaction's span, and those of its phases in their order.
  func lastTrace() throws -> (root: FinishedInMemorySpan, phases: [FinishedInMemorySpan]) {
    let spans = tracer.finishedSpans
    let root = try #require(spans.last { $0.operationName == "hotreload.transaction" })
    let phases = spans.filter {
      $0.parentSpanID == root.spanID && $0.operationName.hasPrefix("hotreload.")
    }
    return (root, phases.sorted { $0.begin < $1.begin })
  }

  /// How many transactions have a span that has ended.
  var traceCount: Int {
    tracer.finishedSpans.count { $0.operationName == "hotreload.transaction" }
  }
}

extension HotReloadConfiguration {
  /// Everything that came into force is good unless its `a` is this number. A bake lasts 20 ms.
  static func rollingBack(_ number: Int) -> HotReloadConfiguration {
    var configuration = Fixture.configuration
    configuration.bake = .milliseconds(20)
    configuration.healthCheckInterval = .milliseconds(5)
    configuration.healthCheck = { snapshot in
      guard snapshot.config("app")?["a"]?.value != .integer(Int64(number)) else {
        throw Unwell(reason: "a is \(number)")
      }
    }
    return configuration
  }
}

struct Unwell: Error, CustomStringConvertible {
  let reason: String
  var description: String { reason }
}

extension HotReloadManager {
  /// Returns when what is in force has outlived its bake.
  func waitForBake() async {
    await eventually { driver.state.withLock { $0.machine.bake == nil } }
  }
}

extension FinishedInMemorySpan {
  var begin: UInt64 { startInstant.nanosecondsSinceEpoch }
  var end: UInt64 { endInstant.nanosecondsSinceEpoch }
  var duration: Duration { .nanoseconds(Int64(end) - Int64(begin)) }

  func text(_ attribute: String) -> String? {
    if case .string(let text)? = attributes.get(attribute) { text } else { nil }
  }

  func texts(_ attribute: String) -> [String]? {
    if case .stringArray(let texts)? = attributes.get(attribute) { texts } else { nil }
  }

  func number(_ attribute: String) -> Int64? {
    if case .int64(let number)? = attributes.get(attribute) { number } else { nil }
  }
}
