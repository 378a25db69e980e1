import Foundation

extension Measurement {
  /// Servers that take new versions while they answer.
  static let underLoad = Measurement(
    name: "load",
    purpose:
      "reloads of running servers under \(PacedLoad.rate) requests/s, half of them over kept connections, "
      + "half with a connection each"
  ) { report, scale in
    guard let binary = ProcessInfo.processInfo.environment[serverVariable] else {
      throw LoadFailure("\(serverVariable) must name the example server; scripts/bench sees to it")
    }
    let own = try OwnServer(binary: binary)
    try await reloads(of: own, count: scale.count(1_000), every: 20_000, report, isOwn: true)
    let moving = try OwnServer(binary: binary)
    try await portChanges(of: moving, count: scale.count(50), report)
    // Theirs take longer, and nginx keeps old workers for a while.
    for (program, start) in peers {
      guard isInstalled(program) else {
        report.note("\(program) is not installed")
        continue
      }
      try await reloads(of: start(), count: scale.count(50), every: 400_000, report, isOwn: false)
    }
  }

  /// Names the example server's binary.
  private static let serverVariable = "HOTRELOAD_BENCH_SERVER"

  private static let peers: [(String, @Sendable () throws -> any ReloadingServer)] = [
    ("nginx", { try NginxServer() }), ("caddy", { try CaddyServer() }),
  ]

  private static func reloads(
    of server: any ReloadingServer, count: Int, every microseconds: Int, _ report: Report,
    isOwn: Bool
  ) async throws {
    defer { server.end() }
    let load = PacedLoad(port: server.port, versions: count)
    load.start()
    let start = monotonicNanoseconds()
    var latencies = Samples()
    sleepThread(microseconds: 500_000)
    for version in 1...count {
      try server.stage(version)
      let begin = monotonicNanoseconds()
      try server.reload()
      guard
        try await wait(atMost: .seconds(15), until: { load.firstAnswer(version) != nil }),
        let answered = load.firstAnswer(version)
      else { throw LoadFailure("\(server.name): version \(version) was never answered") }
      latencies.add(Double(answered - begin))
      sleepThread(microseconds: microseconds)
    }
    await load.stop()
    let rate = Double(load.counts.answered) / Double(monotonicNanoseconds() - start) * 1e9
    let name = server.name
    report.row("\(name): reload -> first new answer, p50", latencies.median)
    report.row("  p99", latencies.percentile(0.99))
    report.row("  reloads", Double(count), unit: .count)
    tell(load.counts, rate, report, isOwn)
  }

  private static func portChanges(
    of server: OwnServer, count: Int, _ report: Report
  ) async throws {
    defer { server.end() }
    let load = PacedLoad(port: server.port, versions: count)
    load.start()
    let start = monotonicNanoseconds()
    var latencies = Samples()
    for version in 1...count {
      sleepThread(microseconds: 200_000)
      load.willMove()
      let begin = monotonicNanoseconds()
      try server.move(version)
      latencies.add(Double(monotonicNanoseconds() - begin))
      load.move(to: server.port)
    }
    sleepThread(microseconds: 500_000)
    await load.stop()
    let rate = Double(load.counts.answered) / Double(monotonicNanoseconds() - start) * 1e9
    report.row("hot-reload-server, port changed -> it answers, p50", latencies.median)
    report.row("  port changes", Double(count), unit: .count)
    report.row("  kept connections asked to move", Double(load.counts.moved), unit: .count)
    tell(load.counts, rate, report, true)
  }

  private static func tell(
    _ counts: PacedLoad.Counts, _ rate: Double, _ report: Report, _ isOwn: Bool
  ) {
    report.row(
      "  failed requests", Double(counts.failed), unit: .count, target: isOwn ? .exactly(0) : nil)
    report.row(
      "  kept connections closed", Double(counts.closed), unit: .count,
      target: isOwn ? .exactly(0) : nil)
    report.row(
      "  requests/s answered", rate, unit: .count, target: isOwn ? .atLeast(2_000) : nil)
    for failure in counts.failures { report.note(failure) }
  }
}
