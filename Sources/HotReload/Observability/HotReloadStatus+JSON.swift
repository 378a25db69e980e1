public import WorkspaceTools

extension HotReloadStatus {
  /// A status as it stands in JSON, for a control socket or a status page. Later versions add members.
  public struct Document: Sendable, Hashable, Codable {
    /// `healthy` or `degraded`.
    public var health: String
    /// Why it is degraded, one sentence for each thing.
    public var reasons: [String]
    /// See ``HotReloadStatus/healthSince``.
    public var healthSince: Int64
    /// Whether it was not shut down.
    public var isRunning: Bool
    /// Whether changes wait.
    public var isPaused: Bool
    /// Whether what is in force is on trial.
    public var isBaking: Bool
    /// The generation in force.
    public var generation: UInt64
    /// See ``HotReloadStatus/contentFolder``.
    public var contentFolder: String?
    /// See ``HotReloadStatus/isManaged``; nil in what versions before this one wrote.
    public var isManaged: Bool?
    /// When the last reload ended of which nothing was rejected.
    public var lastSuccess: Int64?
    /// How often units came out how, by ``ReloadOutcome/Kind``; those that never did are 0.
    public var outcomes: [String: Int]
    /// The configs and file groups, sorted.
    public var units: [Unit]
    /// The participants, sorted.
    public var participants: [String]
    /// Participants that take too long to let go of a product.
    public var retireOverdue: [String]
    /// How many config and type pairs are watched by streams.
    public var streams: Int
    /// The handlers.
    public var handlers: [Handler]
    /// What waits.
    public var queues: Queues
    /// How many events were dropped.
    public var droppedEvents: Int
    /// What is watched; nil if that is not known.
    public var watch: Watch?
    /// Folders that are not watched as they should be, sorted.
    public var degradedFolders: [DegradedFolder]
    /// What the last transaction that loaded anything did.
    public var lastReport: ReloadReport.Document?
  }

  /// The status as it stands in JSON.
  ///
  /// - Parameter rules: the keys whose values are not quoted; ``WorkspaceTools/RedactionRules/none`` shows all.
  public func document(redacting rules: RedactionRules = .default) -> Document {
    let shown = redacted(by: rules)
    let reasons = shown.health.reasons
    return Document(
      health: reasons.isEmpty ? "healthy" : "degraded", reasons: reasons, healthSince: healthSince,
      isRunning: isRunning, isPaused: isPaused, isBaking: isBaking, generation: generation,
      contentFolder: contentFolder?.string, isManaged: isManaged,
      lastSuccess: lastSuccess,
      outcomes: Dictionary(
        uniqueKeysWithValues: ReloadOutcome.Kind.allCases.map {
          ($0.rawValue, outcomes[$0] ?? 0)
        }),
      units: shown.units.map { Document.Unit($0) }, participants: participants,
      retireOverdue: retireOverdue, streams: streams,
      handlers: handlers.map { Document.Handler($0) }, queues: queues,
      droppedEvents: droppedEvents, watch: watch.map { Document.Watch($0) },
      degradedFolders: degradedFolders.sorted { $0.key.string < $1.key.string }.map {
        Document.DegradedFolder(path: $0.key.string, reason: $0.value.description)
      },
      lastReport: shown.lastReport.map { ReloadReport.Document($0) })
  }

  /// The status as a JSON object on one line, without a newline.
  /// - Parameter rules: as for ``document(redacting:)``.
  /// - Throws: if a number does not fit 64 bits with a sign, such as a generation beyond all that is possible.
  public func jsonBytes(
    redacting rules: RedactionRules = .default
  ) throws(ConfigDiagnostic) -> [UInt8] {
    // What is secret was taken out by key before. Here only the document's own keys are left.
    try ConfigTree.encode(document(redacting: rules)).jsonBytes(redacting: .none)
  }
}

extension HotReloadStatus.Document {
  /// The same without messages that may quote the value of a secret key. ``reasons`` are sentences, in which nothing can be
  /// found: they stay as they are.
  public func redacted(by rules: RedactionRules = .default) -> Self {
    var shown = self
    for index in units.indices {
      shown.units[index].errors = units[index].errors.map { $0.redacted(by: rules) }
    }
    shown.lastReport = lastReport?.redacted(by: rules)
    return shown
  }
}
