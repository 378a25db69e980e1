/// A fleet for people to read, in plain texts: what a dashboard shows.
public struct FleetTable: Sendable, Hashable {
  /// A name and what it stands for.
  public struct Field: Sendable, Hashable {
    /// What it is called.
    public var name: String
    /// What it is.
    public var value: String

    /// Creates one.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The most instances that are shown; those with something to see come first.
  public static let maximumRows = 200
  /// The most problems that are shown; more are counted.
  public static let maximumProblems = 10

  /// Facts about all of it, in the order in which they are to be read.
  public var fields: [Field] = []
  /// The heads of the table of the instances.
  public var columns: [String] = []
  /// Its rows.
  public var rows: [[String]] = []

  /// A table of nothing but facts.
  public init(fields: [Field] = []) {
    self.fields = fields
  }

  /// The table of a fleet.
  /// - Parameters:
  ///   - fleet: its name.
  ///   - moment: what a time in milliseconds since 1970 is for people; nil leaves times out.
  public init(
    _ overview: FleetOverview, of fleet: String, moment: ((Int64) -> String)? = nil
  ) {
    add("fleet", fleet)
    let problems = overview.problems
    add("health", problems.isEmpty ? "healthy" : "degraded")
    for problem in problems.prefix(Self.maximumProblems) { add("problem", problem) }
    if problems.count > Self.maximumProblems {
      add("problem", "and \(problems.count - Self.maximumProblems) more")
    }
    add("committed", overview.committed?.description ?? "nothing yet")
    if let rollout = overview.rollout { add(rollout, overview, moment) }
    add("controller", overview.controller?.instance ?? "nobody at this moment")
    add("instances", Self.counts(overview))
    if let proposal = overview.proposal {
      add("proposal", "\(proposal.content.short) by \(proposal.proposedBy) waits for its turn")
    }
    if let command = overview.command {
      add(
        "asked for",
        "\(command.order.title) release \(command.release), by \(command.by); not done yet")
    }
    if !overview.quarantine.isEmpty {
      add("quarantine", overview.quarantine.map(\.release.content.short).joined(separator: ", "))
    }
    columns = ["instance", "state", "runs", "remarks"]
    rows = Self.rows(overview)
  }

  private mutating func add(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  private mutating func add(
    _ rollout: RolloutRecord, _ overview: FleetOverview, _ moment: ((Int64) -> String)?
  ) {
    let step = rollout.step
    add("rollout", "\(rollout.release), \(rollout.state.title)")
    switch rollout.state {
    case .running, .paused, .rollingBack:
      let stage = rollout.stages.indices.contains(step.stage) ? rollout.stages[step.stage] : nil
      let share = stage.map { " (\($0.share))" } ?? ""
      add(
        "stage",
        "\(step.stage &+ 1) of \(rollout.stages.count)\(share), \(step.targets) of \(step.population) instances, "
          + "\(overview.count(running: rollout.release)) run it")
    case .ended: break
    }
    switch overview.phase {
    case .applying?:
      add("phase", "instances take the change; then it is watched \(step.bake.forPeople)")
    case .baking?: add("phase", "baking: all have the change, it is watched \(step.bake.forPeople)")
    case nil: break
    }
    switch rollout.state {
    case .rollingBack(let failure), .ended(.rolledBack(let failure, _)): add("why", "\(failure)")
    case .paused(let reason): add("why", "\(reason)")
    case .running, .ended(.committed): break
    }
    add("proposed", "by \(rollout.proposedBy)")
    guard let moment else { return }
    let end = rollout.state.isEnded ? "ended" : "moved last"
    add("began", "\(moment(rollout.startedAt)), \(end) \(moment(rollout.movedAt))")
  }

  private static func counts(_ overview: FleetOverview) -> String {
    let living = overview.participants
    var parts = ["\(living.count)"]
    func add(_ count: Int, _ what: String) { if count > 0 { parts.append("\(count) \(what)") } }
    add(living.count { !overview.isThere($0) }, "not there yet")
    add(living.count { overview.isFailing($0) }, "failed")
    add(living.count { overview.isUnhealthy($0) }, "not healthy")
    add(living.count { $0.drift != nil }, "drifted")
    add(overview.instances.count - living.count, "about to stop")
    return parts.joined(separator: ", ")
  }

  private static func rows(_ overview: FleetOverview) -> [[String]] {
    let rows = overview.instances.map { report in
      (report, remarks(of: report, overview))
    }
    let shown = rows.filter { !$0.1.isEmpty } + rows.filter { $0.1.isEmpty }
    return shown.prefix(maximumRows).map { report, remarks in
      [
        report.instance, state(of: report, overview),
        report.running.map { "release \($0.number)" } ?? "its own files", remarks,
      ]
    }
  }

  /// How an instance stands, in a word or two.
  public static func state(of report: InstanceReport, _ overview: FleetOverview) -> String {
    if report.phase == .departed { return "stops" }
    if overview.isFailing(report) { return "failed" }
    if report.phase == .applying { return "applying" }
    return overview.isThere(report) ? "there" : "not there yet"
  }

  /// What is to be said of an instance; empty if nothing is.
  public static func remarks(of report: InstanceReport, _ overview: FleetOverview) -> String {
    var remarks: [String] = []
    if report.instance == overview.controller?.instance { remarks.append("leads") }
    if overview.isUnhealthy(report), let failure = report.healthFailure {
      remarks.append("not healthy: \(failure)")
    }
    if overview.isFailing(report), let error = report.error { remarks.append(error) }
    if let drift = report.drift { remarks.append("own files differ: \(drift.short)") }
    return remarks.joined(separator: "; ")
  }
}

extension RolloutState {
  /// What is going on, in a word or two.
  public var title: String {
    switch self {
    case .running: "running"
    case .paused: "paused"
    case .rollingBack: "rolling back"
    case .ended(.committed): "committed"
    case .ended(.rolledBack): "rolled back"
    }
  }
}

extension RolloutCommand.Order {
  fileprivate var title: String {
    switch self {
    case .pause: "pause"
    case .resume: "resume"
    case .rollBack: "roll back"
    }
  }
}

extension BundleDigest {
  /// The first digits, as many as tell bundles apart for people.
  public var short: String { String(rawValue.prefix(12)) }
}

extension RolloutStage {
  /// How much of the fleet, for people: `1 %`, `12.5 %`.
  public var share: String {
    let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
    guard rest != 0 else { return "\(whole) %" }
    let digits = rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)"
    return "\(whole).\(digits) %"
  }
}

extension Duration {
  /// For people, after a verb: `for 5 min`, `for 90 s`, or `not at all`.
  fileprivate var forPeople: String {
    let milliseconds = wholeMilliseconds
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
    if milliseconds <= 0 { return "not at all" }
    if rest != 0 { return "for \(milliseconds) ms" }
    if seconds % 60 != 0 || seconds < 60 { return "for \(seconds) s" }
    if seconds % 3_600 != 0 { return "for \(seconds / 60) min" }
    return "for \(seconds / 3_600) h"
  }
}
