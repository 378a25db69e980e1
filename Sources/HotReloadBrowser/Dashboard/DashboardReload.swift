public import HotReload

/// One transaction as the dashboard shows it: bounded, and without the values of secret keys.
public struct DashboardReload: Sendable, Hashable, Codable {
  /// What became of one unit.
  public struct Unit: Sendable, Hashable, Codable {
    /// `config app`, `templates`, `assets`, `file group tls`.
    public var unit: String
    /// By ``HotReload/ReloadOutcome/Kind``.
    public var outcome: String
    /// Whether other content than before is in force.
    public var isChanged: Bool
    /// How many values of it changed, shown or not; nil if it is no config, or was not there before.
    public var differences: Int?
  }

  /// A file that changed.
  public struct File: Sendable, Hashable, Codable {
    /// Its path relative to the root.
    public var path: String
    /// `created`, `modified`, `deleted`, `renamed` or `subtreeChanged`.
    public var change: String
    /// Where it was before, if it was renamed.
    public var from: String?
  }

  /// A value of a config that changed.
  public struct Difference: Sendable, Hashable, Codable {
    /// The config's name.
    public var config: String
    /// The key path, such as `server.port`.
    public var keyPath: String
    /// The value before, as JSON; nil if there was none.
    public var old: String?
    /// The value now, as JSON; nil if there is none any more.
    public var new: String?
  }

  /// Lines of a file around an error.
  public struct Excerpt: Sendable, Hashable, Codable {
    /// The number of the first of them, from 1.
    public var first: Int
    /// The lines, without their ends.
    public var lines: [String]
  }

  /// What is wrong with a unit. The members are those of the live socket's `error`.
  public struct Problem: Sendable, Hashable, Codable {
    /// The unit.
    public var unit: String
    /// The file, relative to the root.
    public var file: String?
    /// From 1.
    public var line: Int?
    /// From 1.
    public var column: Int?
    /// The key path.
    public var keyPath: String?
    /// What is wrong, and what was expected.
    public var message: String
    /// The lines around it.
    public var excerpt: Excerpt?
  }

  /// Requests around the reload.
  public struct Latency: Sendable, Hashable, Codable {
    /// Slice by slice, from before to after.
    public var strip: RequestStrip
    /// All before it began.
    public var before: RequestSummary
    /// All that ended while it was under way or after it.
    public var after: RequestSummary
    /// Whether the time after it is over, so that nothing is added any more.
    public var isComplete: Bool
  }

  /// Counts the transactions since the dashboard began, from 1.
  public var number: Int
  /// The generation in force when it ended.
  public var generation: UInt64
  /// When it ended, in nanoseconds since 1970.
  public var time: Int64
  /// How long it took, in nanoseconds.
  public var duration: Int64
  /// Who asked for it.
  public var producers: [String]
  /// The gravest outcome of its units; `told` if it only told of files.
  public var outcome: String
  /// What became of each unit.
  public var units: [Unit]
  /// The phases, in order, with their durations in nanoseconds.
  public var phases: [ReloadReport.Document.Phase]
  /// The files that changed.
  public var files: [File]
  /// The values that changed.
  public var differences: [Difference]
  /// What is wrong.
  public var errors: [Problem]
  /// What happened to the watching itself.
  public var notices: [String]
  /// How many units, files, differences, errors and notices were left out of the lists, because there are too many.
  public var leftOut: Int
  /// How many transactions before this one are not known, because too many came at once.
  public var missedBefore: Int
  /// The requests around it; nil until they are counted.
  public var latency: Latency?

  /// When it began, in nanoseconds since 1970.
  var began: Int64 { time &- duration }
}
