import HotReloadFleet

/// A fleet, for people.
struct FleetText {
  /// The most instances that are named of those with something to see.
  static let namedInstances = 20

  let overview: FleetOverview
  let fleet: String
  let now: Int64

  init(_ overview: FleetOverview, of fleet: String, now: Int64) {
    self.overview = overview
    self.fleet = fleet
    self.now = now
  }

  var lines: [String] {
    let facts = FleetTable(overview, of: fleet) { Self.moment($0, now: now) }
    var table = TextTable()
    for field in facts.fields { table.add(field.name, field.value) }
    return table.lines() + waiting
  }

  /// The instances that are not where they are to be.
  private var waiting: [String] {
    let behind = overview.instances.filter {
      $0.phase == .departed || !overview.isThere($0) || overview.isFailing($0)
    }
    guard !behind.isEmpty else { return [] }
    var lines = ["", "instances that are not there"]
    lines += Self.table(behind.prefix(Self.namedInstances), overview).lines(indent: "  ")
    if behind.count > Self.namedInstances {
      lines.append(
        "  and \(behind.count - Self.namedInstances) more; see hotreload fleet instances")
    }
    return lines
  }

  static func instances(_ overview: FleetOverview) -> [String] {
    if overview.instances.isEmpty { return ["no instance lives"] }
    return table(overview.instances, overview).lines()
  }

  private static func table(
    _ instances: some Sequence<InstanceReport>, _ overview: FleetOverview
  ) -> TextTable {
    var table = TextTable()
    table.add("INSTANCE", "STATE", "RUNS", "WANTED", "")
    for report in instances {
      table.add(
        report.instance, FleetTable.state(of: report, overview), name(report.running),
        name(overview.wanted(of: report)), FleetTable.remarks(of: report, overview))
    }
    return table
  }

  private static func name(_ release: Release?) -> String {
    release.map { "release \($0.number)" } ?? "own files"
  }

  static func history(_ records: [RolloutRecord], now: Int64) -> [String] {
    if records.isEmpty { return ["nothing was rolled out yet"] }
    var table = TextTable(numbers: [0])
    table.add("RELEASE", "OUTCOME", "CONTENT", "BEGAN", "TOOK", "BY", "")
    for record in records {
      let reason: String
      switch record.state {
      case .paused(let why): reason = "\(why)"
      case .rollingBack(let failure): reason = "\(failure)"
      case .ended(.rolledBack(let failure, let left)):
        reason = "\(failure)" + (left > 0 ? "; \(left) instances still ran it at the end" : "")
      case .running, .ended(.committed): reason = ""
      }
      let (start, end) = (nanoseconds(record.startedAt), nanoseconds(record.movedAt))
      table.add(
        String(record.release.number), record.state.title, record.release.content.short,
        record.startedAt > 0 ? momentText(start, now: now) : "-",
        record.state.isEnded && record.startedAt > 0 ? spanText(end &- start) : "-",
        record.proposedBy, reason)
    }
    return table.lines()
  }

  static func quarantine(_ kept: [QuarantinedBundle]) -> [String] {
    var table = TextTable(numbers: [1])
    table.add("CONTENT", "RELEASE", "WHY")
    for bundle in kept {
      table.add(
        bundle.release.content.short, String(bundle.release.number), "\(bundle.failure)")
    }
    return table.lines()
  }

  /// How far a proposal is.
  static func sentence(_ state: ProposalProgress.State) -> String {
    switch state {
    case .waiting: "waiting for the instance that leads, or for the rollout before it"
    case .running(let release, let stage, let count, .applying):
      "\(release): stage \(stage &+ 1) of \(count), instances take the change"
    case .running(let release, let stage, let count, .baking):
      "\(release): stage \(stage &+ 1) of \(count), all of its instances have the change and are watched"
    case .paused(let release, let reason): "\(release): paused: \(reason)"
    case .rollingBack(let release, let failure): "\(release): rolling back: \(failure)"
    case .refused(let reason): "refused: \(reason)"
    case .replaced: "replaced: another proposal took its place before it began"
    case .committed(let release): "\(release): committed, the fleet runs it"
    case .rolledBack(let release, let failure, let left):
      "\(release): rolled back: \(failure)"
        + (left > 0 ? "; \(left) instances still ran it when the time for that was over" : "")
    }
  }

  /// A time that an instance wrote down, in milliseconds since 1970.
  static func moment(_ milliseconds: Int64, now: Int64) -> String {
    milliseconds > 0
      ? momentText(nanoseconds(milliseconds), now: now) : "at a time that is not known"
  }

  /// What does not fit is brought to what does.
  private static func nanoseconds(_ milliseconds: Int64) -> Int64 {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? (milliseconds < 0 ? .min : .max) : product
  }
}
