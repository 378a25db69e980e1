import CoreMetrics
import HotReload
import HotReloadTesting
import InMemoryTracing
import Logging
import MetricsTestKit
import SystemPackage
import Tracing
import WorkspaceTools

extension Measurement {
  /// What it costs to be watched.
  static let observing = Measurement(
    name: "observing",
    purpose:
      "a reload of a changed config, with metrics and spans kept in memory; floor: with neither"
  ) { report, scale in
    let lanes = [
      try await ObservedLane(nil, nil),
      try await ObservedLane(TestMetrics(), nil),
      try await ObservedLane(nil, InMemoryTracer()),
      try await ObservedLane(TestMetrics(), InMemoryTracer()),
    ]
    let samples = try await interleave(
      rounds: scale.count(1_000),
      lanes.map { lane in { try await lane.reload() } })
    for lane in lanes { try await lane.end() }
    let floor = samples[0].median
    report.row("reload, nobody watches", floor)
    report.row("  with metrics", samples[1].median, floor: floor)
    report.row("  with spans", samples[2].median, floor: floor)
    report.row("  with both", samples[3].median, floor: floor)
  }
}

/// A manager that hears of changes only by being asked to reload.
private final class ObservedLane: Sendable {
  private let scratch: TemporaryWorkspace
  private let manager: HotReloadManager
  private let metrics: TestMetrics?
  private let tracer: InMemoryTracer?

  init(_ metrics: TestMetrics?, _ tracer: InMemoryTracer?) async throws {
    self.metrics = metrics
    self.tracer = tracer
    scratch = try ScratchFolder.make("observed")
    try scratch.write("config/app.json", try SampleConfig.json(0))
    let workspace = try Workspace(
      root: scratch.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        logger: Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() }),
        metricsFactory: metrics ?? NOOPMetricsHandler.instance, tracer: tracer ?? NoOpTracer()),
      changes: ScriptedChangeSource().factory)
  }

  /// The nanoseconds that a reload of another content takes.
  func reload() async throws -> Double {
    let number = Int(manager.snapshot().generation)
    try scratch.replace("config/app.json", try SampleConfig.json(number))
    let start = monotonicNanoseconds()
    let report = try await manager.submit(
      Candidate(producer: .reload, scope: .units([.config("app")])))
    let time = Double(monotonicNanoseconds() - start)
    guard report.outcome(of: "app") == .applied else {
      throw WrongResult(message: "a changed config was not applied")
    }
    tracer?.clearFinishedSpans()
    return time
  }

  func end() async throws {
    try await manager.shutdown()
  }
}
