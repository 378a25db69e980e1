import FileWatching

extension Measurement {
  /// How soon a consumer hears of a rename.
  static let rename = Measurement(
    name: "rename", purpose: "rename -> consumer, quiet period 0; floor: a thread in read()"
  ) { report, scale in
    let (rounds, count) = (scale.count(20), 25)
    let plain = try RenameLane("read", renames: rounds * count)
    let observed = try RenameLane("observer", renames: rounds * count)
    let iterated = try RenameLane("sequence", renames: rounds * count)

    let thread = try InotifyThread(watching: plain.folder) { names, now in
      for name in names { plain.received(name, at: now) }
    }
    let observer = try await FileWatcher.start(
      root: observed.folder,
      subscriptions: [
        .init(quietPeriod: .zero) { set in
          observed.received(set, at: monotonicNanoseconds())
        }
      ])
    let sequence = try await FileWatcher.start(
      root: iterated.folder, subscriptions: [.init(quietPeriod: .zero)])
    let consumer = Task.detached {
      for await set in sequence.changeSets() {
        iterated.received(set, at: monotonicNanoseconds())
      }
    }

    try await RenameLane.run(
      [plain, observed, iterated], rounds: rounds, count: count, pause: 5_000...20_000)
    thread.stop()
    await observer.stop()
    await sequence.stop()
    await consumer.value

    for (part, name, targets) in [
      (0.5, "p50", [Target.ratio(2), .ratio(4)]), (0.99, "p99", [.ratio(3), .ratio(3)]),
    ] {
      let floor = plain.latencies.percentile(part)
      report.row(
        "rename -> observer, \(name)", observed.latencies.percentile(part), floor: floor,
        target: targets[0])
      report.row(
        "rename -> AsyncSequence, \(name)", iterated.latencies.percentile(part), floor: floor,
        target: targets[1])
    }
    let lost = observed.lost + iterated.lost
    report.row(
      "renames not heard of", Double(lost), floor: Double(plain.lost), unit: .count,
      target: .exactly(0))
  }
}

extension RenameLane {
  /// Notes what a watcher delivered.
  func received(_ set: ChangeSet, at now: Int64) {
    for change in set.changes {
      if let name = change.path.lastComponent { received(name.string, at: now) }
    }
  }
}
