extension FleetOverview {
  /// How a fleet is, for other programs. Members that are not there do not apply.
  public struct Document: Sendable, Hashable, Codable {
    /// How many instances there are of a kind.
    public struct Counts: Sendable, Hashable, Codable {
      /// All that take part.
      public var total: Int
      /// Those that run what they are to run.
      public var there: Int
      /// Those that do not yet.
      public var behind: Int
      /// Those that refuse what they are to run.
      public var failed: Int
      /// Those whose own files are not what the fleet agreed on.
      public var drifted: Int
    }

    /// An instance that refuses what it is to run.
    public struct Failure: Sendable, Hashable, Codable {
      /// Its name.
      public var instance: String
      /// Why.
      public var error: String
    }

    /// What waits to be rolled out.
    public struct Waiting: Sendable, Hashable, Codable {
      /// The proposal's name.
      public var proposal: String
      /// The content's digest.
      public var content: String
      /// Who proposed it.
      public var proposedBy: String
    }

    /// The fleet's name.
    public var fleet: String
    /// `healthy` or `degraded`.
    public var health: String
    /// Why it is degraded.
    public var reasons: [String]
    /// What the fleet agreed on.
    public var committed: Release?
    /// What is rolled out, or was last.
    public var rollout: RolloutRecord.Document?
    /// The name of the instance that leads.
    public var controller: String?
    /// How many instances there are.
    public var instances: Counts
    /// The names of those that do not run what they are to run, in their order.
    public var behind: [String]
    /// Those that refuse what they are to run.
    public var failed: [Failure]
    /// The names of those whose own files are not what the fleet agreed on.
    public var drifted: [String]
    /// What waits to be rolled out.
    public var proposal: Waiting?
    /// The digests that must not be rolled out again.
    public var quarantine: [String]
  }

  /// The overview for other programs.
  public func document(of fleet: String) -> Document {
    let living = participants
    let behind = living.filter { !isThere($0) }
    let failed = living.filter { isFailing($0) }
    let drifted = living.filter { $0.drift != nil }
    let problems = problems
    return Document(
      fleet: fleet, health: problems.isEmpty ? "healthy" : "degraded", reasons: problems,
      committed: committed, rollout: rollout.map { document(of: $0) },
      controller: controller?.instance,
      instances: Document.Counts(
        total: living.count, there: living.count - behind.count, behind: behind.count,
        failed: failed.count, drifted: drifted.count),
      behind: behind.map(\.instance),
      failed: failed.map { Document.Failure(instance: $0.instance, error: $0.error ?? "") },
      drifted: drifted.map(\.instance),
      proposal: proposal.map {
        Document.Waiting(
          proposal: $0.id, content: $0.content.rawValue, proposedBy: $0.proposedBy)
      },
      quarantine: quarantine.map(\.release.content.rawValue))
  }

  /// A rollout for other programs; with what can be told of it from the reports if it is the one that is under way.
  public func document(of record: RolloutRecord) -> RolloutRecord.Document {
    var document = RolloutRecord.Document(record)
    guard record == rollout, !record.state.isEnded else { return document }
    document.phase = phase?.rawValue
    document.running = count(running: record.release)
    return document
  }

  /// An instance for other programs.
  public func document(of report: InstanceReport) -> InstanceReport.Document {
    InstanceReport.Document(
      instance: report.instance, turn: report.hash.description, phase: report.phase.rawValue,
      release: report.release, running: report.running, wanted: wanted(of: report),
      isThere: isThere(report), isController: report.instance == controller?.instance,
      healthFailure: report.healthFailure, error: report.error,
      drift: report.drift?.rawValue)
  }
}

extension RolloutRecord {
  /// A rollout for other programs. Times are in nanoseconds since 1970, durations in nanoseconds.
  public struct Document: Sendable, Hashable, Codable {
    /// One wave.
    public struct Stage: Sendable, Hashable, Codable {
      /// How much of the fleet, in percent.
      public var percent: Double
      /// How long it is watched.
      public var bake: Int64
    }

    /// What is rolled out.
    public var release: Release
    /// What a roll-back goes back to.
    public var base: Release?
    /// `running`, `paused`, `rollingBack`, `committed` or `rolledBack`.
    public var state: String
    /// `applying` or `baking`, while it runs.
    public var phase: String?
    /// Why it is paused, or rolled back.
    public var reason: String?
    /// Which stage, from 1 on.
    public var stage: Int
    /// The plan.
    public var stages: [Stage]
    /// How many instances the stage lets have the change.
    public var targets: Int
    /// How many lived when the stage began.
    public var population: Int
    /// How many run the change now, while it is under way.
    public var running: Int?
    /// How long the stage is watched once all have the change.
    public var bake: Int64
    /// The proposal that it came from.
    public var proposal: String
    /// Who proposed it.
    public var proposedBy: String
    /// When it began, by the controller's clock.
    public var startedAt: Int64
    /// When its record was written last, by the controller's clock.
    public var movedAt: Int64
    /// How many instances still ran it when the time to go back was over.
    public var unreverted: Int?

    init(_ record: RolloutRecord) {
      release = record.release
      base = record.base
      stage = record.step.stage &+ 1
      stages = record.stages.map {
        Stage(percent: Double($0.basisPoints) / 100, bake: nanoseconds($0.bakeMilliseconds))
      }
      targets = record.step.targets
      population = record.step.population
      bake = nanoseconds(record.step.bakeMilliseconds)
      proposal = record.proposal
      proposedBy = record.proposedBy
      startedAt = nanoseconds(Int(record.startedAt))
      movedAt = nanoseconds(Int(record.movedAt))
      switch record.state {
      case .running: state = "running"
      case .paused(let why): (state, reason) = ("paused", "\(why)")
      case .rollingBack(let failure): (state, reason) = ("rollingBack", "\(failure)")
      case .ended(.committed): state = "committed"
      case .ended(.rolledBack(let failure, let unreverted)):
        (state, reason, self.unreverted) = ("rolledBack", "\(failure)", unreverted)
      }
    }
  }
}

/// Milliseconds as nanoseconds; what does not fit is brought to what does.
private func nanoseconds(_ milliseconds: Int) -> Int64 {
  let (product, overflow) = Int64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
  return overflow ? (milliseconds < 0 ? .min : .max) : product
}

extension InstanceReport {
  /// An instance for other programs.
  public struct Document: Sendable, Hashable, Codable {
    /// Its name.
    public var instance: String
    /// Its place in the order in which the fleet takes a change, as 16 hexadecimal digits: low ones first.
    public var turn: String
    /// `applying`, `applied`, `failed` or `departed`.
    public var phase: String
    /// What the phase is about.
    public var release: Release?
    /// What it runs; not there for what it has of its own.
    public var running: Release?
    /// What it is to run.
    public var wanted: Release?
    /// Whether that is the same, and nothing is under way.
    public var isThere: Bool
    /// Whether it leads.
    public var isController: Bool
    /// What its last health check found.
    public var healthFailure: String?
    /// Why it failed.
    public var error: String?
    /// The digest of its own files, if they are not what the fleet agreed on.
    public var drift: String?
  }
}

extension QuarantinedBundle {
  /// What must not be rolled out again, for other programs.
  public struct Document: Sendable, Hashable, Codable {
    /// The content's digest.
    public var content: String
    /// The release that was rolled back.
    public var release: UInt64
    /// `reported`, `lost`, `overdue` or `byHand`.
    public var kind: String
    /// Which instance failed, or who asked.
    public var instance: String
    /// Why.
    public var reason: String
  }

  /// The entry for other programs.
  public var document: Document {
    Document(
      content: release.content.rawValue, release: release.number, kind: failure.kind.rawValue,
      instance: failure.instance, reason: failure.reason)
  }
}
