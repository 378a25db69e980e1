import FileWatching

extension Measurement {
  /// How soon a consumer hears of a rename if nothing was configured.
  static let settling = Measurement(
    name: "settling",
    purpose:
      "rename -> observer, default settings; floor: read(), then poll() until 20 ms are quiet"
  ) { report, scale in
    let (rounds, count) = (scale.count(10), 10)
    let plain = try RenameLane("poll", renames: rounds * count)
    let observed = try RenameLane("defaults", renames: rounds * count)

    let thread = try InotifyThread(watching: plain.folder, quiet: 20) { names, now in
      for name in names { plain.received(name, at: now) }
    }
    let watcher = try await FileWatcher.start(
      root: observed.folder,
      subscriptions: [
        .init { set in observed.received(set, at: monotonicNanoseconds()) }
      ])
    // Far enough apart that each settles by itself.
    try await RenameLane.run(
      [plain, observed], rounds: rounds, count: count, pause: 40_000...60_000)
    thread.stop()
    await watcher.stop()

    report.row(
      "rename -> observer, quiet period 20 ms, p50", observed.latencies.median,
      floor: plain.latencies.median, target: .atMost(21e6))
    report.row(
      "rename -> observer, quiet period 20 ms, p99", observed.latencies.percentile(0.99),
      floor: plain.latencies.percentile(0.99))
  }
}
