public import HotReload

/// Everything that the dashboard shows, as it stands in JSON. Times are in nanoseconds since 1970. Later versions add
/// members.
public struct DashboardDocument: Sendable, Hashable, Codable {
  /// The journal.
  public struct Journal: Sendable, Hashable, Codable {
    /// Whether one is kept.
    public var isKept: Bool
    /// Why not everything is written; nil if it is.
    public var problem: String?
  }

  /// The requests of the last minute.
  public struct Requests: Sendable, Hashable, Codable {
    /// Slice by slice.
    public var strip: RequestStrip
    /// All of them.
    public var summary: RequestSummary
  }

  /// Templates and assets, as many of each as a page shows.
  public struct Content: Sendable, Hashable, Codable {
    /// The templates, sorted, ``TemplateGraphSource/limit`` at most, those with a problem before others; nil if there is nobody to ask.
    public var templates: [TemplateGraphSource.Template]?
    /// The assets, sorted, ``AssetListSource/limit`` at most; nil if there is nobody to ask.
    public var assets: [AssetListSource.Asset]?
    /// How many templates there are, also those that were left out.
    public var templateCount: Int
    /// How many assets there are, also those that were left out.
    public var assetCount: Int
    /// How many of both were left out because there are too many.
    public var leftOut: Int
  }

  /// A section of a ``StatusSource``.
  public struct Section: Sendable, Hashable, Codable {
    /// Its heading.
    public var name: String
    /// What it says.
    public var table: StatusTable
  }

  /// The version of this format: 1.
  public var version: Int
  /// The instance's name.
  public var instance: String
  /// Since when the dashboard has listened.
  public var since: Int64
  /// How the manager is doing.
  public var status: HotReloadStatus.Document
  /// The journal.
  public var journal: Journal
  /// The transactions, the newest first.
  public var reloads: [DashboardReload]
  /// The requests of the last minute; nil if there were none, so that a page of an idle server stays the same.
  public var requests: Requests?
  /// Templates and assets; nil if only what changes all the time was asked for.
  public var content: Content?
  /// Other sections: variants, if any config has some, and what ``Dashboard/Sources`` names, such as the fleet.
  public var sections: [Section]
}

/// What `/_hotreload/status.json` says.
public struct StatusPageDocument: Sendable, Hashable, Codable {
  /// `healthy`, `degraded` or `stopped`.
  public var state: String
  /// The instance's name.
  public var instance: String
  /// The generation in force.
  public var generation: UInt64
  /// Since when the state is that, in nanoseconds since 1970.
  public var since: Int64
  /// Why it is degraded, one sentence for each thing.
  public var reasons: [String]
  /// All of it.
  public var status: HotReloadStatus.Document

  init(instance: String, _ status: HotReloadStatus.Document) {
    state = status.isRunning ? status.health : "stopped"
    self.instance = instance
    generation = status.generation
    since = status.healthSince
    reasons = status.reasons
    self.status = status
  }
}
