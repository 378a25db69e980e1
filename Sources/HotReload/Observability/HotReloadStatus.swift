public import FileWatching
public import SystemPackage
public import WorkspaceTools

/// How a manager is doing, at one moment. Times are in nanoseconds since 1970.
///
/// The diagnostics in it are the real ones, which may quote a value: ``redacted(by:)`` before showing them.
/// ``jsonBytes(redacting:)`` does so by itself.
public struct HotReloadStatus: Sendable {
  /// Whether everything is as it should be.
  public enum Health: Sendable, Hashable {
    /// What is on disk is in force, and everything is watched.
    case healthy
    /// It goes on, but not everything is well; one sentence for each thing.
    case degraded([String])

    /// Why it is degraded; empty if it is healthy.
    public var reasons: [String] {
      if case .degraded(let reasons) = self { reasons } else { [] }
    }
  }

  /// Whether it was not shut down.
  public var isRunning: Bool
  /// The generation in force.
  public var generation: UInt64
  /// The folder that what is in force comes from; nil for the workspace's own files.
  public var contentFolder: FilePath?
  /// Whether only candidates bring what comes into force; see ``HotReloadConfiguration/ContentMode``.
  public var isManaged: Bool
  /// The configs in force, sorted.
  public var configs: [String]
  /// The configs and file groups that were loaded, sorted.
  public var units: [UnitStatus]
  /// The configs and file groups of which what is on disk is not in force, and why.
  public var rejected: [String: [ConfigDiagnostic]]
  /// What is wrong with what is in force; see ``ProblemReporting``.
  public var problems: [Problem]
  /// Whether nothing comes into force until ``HotReloadManager/resume()``.
  public var isPaused: Bool
  /// Whether what is in force is still on trial.
  public var isBaking: Bool
  /// Why what is in force is not healthy although there is nothing to go back to.
  public var healthFailure: String?
  /// The participants, sorted.
  public var participants: [String]
  /// Participants that take too long to let go of a product, a name for each product.
  public var retireOverdue: [String]
  /// How many config and type pairs are watched by streams.
  public var streams: Int
  /// The handlers.
  public var handlers: [HandlerStatus]
  /// What waits.
  public var queues: Queues
  /// How many events were dropped because a handler or an event sequence was too slow, those that are gone included.
  public var droppedEvents: Int
  /// Whether what happens is written down; nil if no journal is kept.
  public var journal: JournalHealth?
  /// What is watched; nil if that is not known.
  public var watch: FileWatcher.Status?
  /// Folders that are polled because they could not be watched, or not known because they cannot be read.
  public var degradedFolders: [FilePath: WatchFailure]
  /// How often units came out how, since the manager started.
  public var outcomes: [ReloadOutcome.Kind: Int]
  /// What the last transaction that loaded anything did.
  public var lastReport: ReloadReport?
  /// When the last one ended of which nothing was rejected; nil if none was.
  public var lastSuccess: Int64?
  /// Since when ``health`` is healthy, or degraded for whatever reasons. What only the watcher and the handlers know counts
  /// from when they were asked.
  public var healthSince: Int64

  /// So many problems of what is in force are reasons of their own; more are counted.
  public static let maximumProblems = 20

  /// Whether everything is as it should be.
  public var health: Health {
    var reasons = rejected.keys.sorted().map { name in
      let unit = units.first { $0.unit.eventName == name && !$0.errors.isEmpty }?.unit
      return "\(unit ?? .config(name)) on disk is rejected: "
        + "\(rejected[name]?.first?.description ?? "")"
    }
    reasons += problemsInForce
    for (path, reason) in degradedFolders.sorted(by: { $0.key.string < $1.key.string }) {
      reasons.append("\(path) is polled: \(reason)")
    }
    if let healthFailure { reasons.append("what is in force is not healthy: \(healthFailure)") }
    if isPaused { reasons.append("paused: nothing comes into force until it is resumed") }
    for name in retireOverdue {
      reasons.append("\(name) does not let go of something that was replaced")
    }
    reasons += handlers.flatMap(\.problems)
    if case .degraded(let reason)? = journal { reasons.append("the journal: \(reason)") }
    return reasons.isEmpty ? .healthy : .degraded(reasons)
  }

  /// A sentence for each problem of what is in force.
  private var problemsInForce: [String] {
    var reasons = problems.prefix(Self.maximumProblems).map { problem in
      "\(problem.source) in force with an error to mend: \(problem.diagnostic)"
    }
    if problems.count > reasons.count {
      reasons.append("\(problems.count - reasons.count) more errors to mend in what is in force")
    }
    return reasons
  }
}

extension HotReloadStatus {
  /// Something that is wrong with what is in force.
  public struct Problem: Sendable, Hashable {
    /// The participant that made it, or the part of the program that tells of it.
    public var source: String
    /// What is wrong, and where.
    public var diagnostic: ConfigDiagnostic
  }

  /// How one config or file group is doing.
  public struct UnitStatus: Sendable, Hashable {
    /// Which one.
    public var unit: UnitID
    /// The generation that brought what is in force; nil if nothing is.
    public var generation: UInt64?
    /// When that came into force; nil if nothing is.
    public var inForceSince: Int64?
    /// Since when what is on disk is not in force; nil if it is.
    public var rejectedSince: Int64?
    /// Why it is not.
    public var errors: [ConfigDiagnostic]
    /// How many contents of it were rolled back and may not come into force again.
    public var quarantined: Int

    /// Whether what is on disk is in force.
    public var state: State {
      if errors.isEmpty { return .inForce }
      return generation == nil ? .missing : .rejected
    }

    /// Whether what is on disk is in force.
    public enum State: String, Sendable, Hashable, Codable {
      /// It is.
      case inForce
      /// It is not, and something older is.
      case rejected
      /// It is not, and nothing is.
      case missing
    }
  }

  /// What waits in the queues.
  public struct Queues: Sendable, Hashable, Codable {
    /// The queues.
    public enum Name: String, Sendable, Hashable, CaseIterable {
      /// ``Queues/worker``
      case worker
      /// ``Queues/jobs``
      case jobs
      /// ``Queues/candidates``
      case candidates
      /// ``Queues/handlers``
      case handlers
      /// ``Queues/sequences``
      case sequences
    }

    /// Pieces of work for the thread that reloads.
    public var worker: Int
    /// Registrations that wait for the transaction under way.
    public var jobs: Int
    /// Configs, file groups and files that wait for the next transaction.
    public var candidates: Int
    /// Events that wait for handlers.
    public var handlers: Int
    /// Events that wait for the consumers of event sequences.
    public var sequences: Int

    /// What waits in one of them.
    public subscript(name: Name) -> Int {
      switch name {
      case .worker: worker
      case .jobs: jobs
      case .candidates: candidates
      case .handlers: handlers
      case .sequences: sequences
      }
    }
  }
}

extension HotReloadStatus {
  /// The same without messages that may quote the value of a secret key.
  public func redacted(by rules: RedactionRules = .default) -> HotReloadStatus {
    var shown = self
    shown.rejected = rejected.mapValues { $0.map { $0.redacted(by: rules) } }
    for index in shown.problems.indices {
      shown.problems[index].diagnostic = problems[index].diagnostic.redacted(by: rules)
    }
    for index in shown.units.indices {
      shown.units[index].errors = shown.units[index].errors.map { $0.redacted(by: rules) }
    }
    if var report = lastReport {
      for index in report.units.indices {
        report.units[index].outcome = report.units[index].outcome.redacted(by: rules)
      }
      shown.lastReport = report
    }
    return shown
  }
}
