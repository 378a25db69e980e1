import HotReload
import HotReloadTesting

extension Measurement {
  /// How many values come of one save.
  static let saves = Measurement(
    name: "saves", purpose: "values published for each save, whatever way the editor saves"
  ) { report, scale in
    let count = scale.count(50)
    for quietPeriod in [Duration.zero, .milliseconds(20)] {
      for way in Save.allCases {
        let live = try await LiveWorkspace(try SampleConfig.json(0), quietPeriod: quietPeriod)
        let stream = try await live.manager.watchConfigChanges("app", as: SampleConfig.self)
        let before = live.manager.snapshot().generation
        for number in 1...count {
          try await onThread { try way.perform(on: live.scratch, text: SampleConfig.json(number)) }
          guard try await wait(until: { stream.current.number == number }) else {
            throw WrongResult(message: "save \(number) by \(way.rawValue) did not come into force")
          }
          // What comes too much would come now.
          try await Task.sleep(for: .milliseconds(30))
        }
        try await live.manager.sync()
        let published = live.manager.snapshot().generation - before
        try await live.manager.shutdown()
        report.row(
          "values per save, \(way.rawValue), quiet period \(quietPeriod.milliseconds) ms",
          Double(published) / Double(count), unit: .count, target: .exactly(1))
      }
    }
  }
}

/// How editors and tools write a file.
private enum Save: String, CaseIterable {
  case rename
  case inPlace = "in place"
  case inParts = "in two parts"

  /// Saves the config. Blocks.
  func perform(on scratch: TemporaryWorkspace, text: String) throws {
    let file = scratch.path("config/app.json")
    switch self {
    case .rename:
      try scratch.replace(file, text)
    case .inPlace:
      try scratch.write(file, text)
    case .inParts:
      try writeInParts(text, to: file)
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
