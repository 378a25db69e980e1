import FileWatching

/// How a manager divides what it watches: configs and other files in one subscription, templates and assets in
/// another, so that a bundler that is busy in `static/` never delays a config.
struct WatchPlan {
  /// What a subscription is for.
  struct Part: Sendable {
    var include: [String]
    var exclude: [String]
    /// Whether it delivers the changes of this unit.
    var accepts: @Sendable (UnitID) -> Bool
  }

  /// What a manager writes itself, and must not be roused by whatever is watched.
  private static let ownFolders = [
    "data/hotreload/**", "data/backups/**", "data/locks/**",
  ]

  /// The subscription that config files are demanded in.
  static let configs = 0

  /// The subscriptions, in order.
  var parts: [Part]

  init(_ configuration: HotReloadConfiguration) {
    let patterns = configuration.watchPatterns
    let excludes = configuration.excludePatterns + Self.ownFolders
    guard configuration.atomicGroups != .all else {
      parts = [Part(include: patterns, exclude: excludes, accepts: { _ in true })]
      return
    }
    let folders = Classifier.contentFolders.sorted()
    func isContent(_ pattern: String) -> Bool {
      folders.contains { pattern == $0 || pattern.hasPrefix("\($0)/") }
    }
    parts = [
      Part(
        include: patterns.filter { !isContent($0) },
        exclude: excludes + folders.map { "\($0)/**" }, accepts: { !$0.isContent })
    ]
    // A pattern that begins with a wildcard may match on both sides.
    let content = patterns.filter { isContent($0) || Self.beginsWithWildcard($0) }
    if !content.isEmpty {
      parts.append(
        Part(include: content, exclude: excludes + ["config/**"], accepts: { $0.isContent }))
    }
  }

  private static func beginsWithWildcard(_ pattern: String) -> Bool {
    pattern.prefix { $0 != "/" }.contains { "*?[{\\".contains($0) }
  }

  func subscriptions(
    _ configuration: HotReloadConfiguration,
    observer: (Part) -> @Sendable (ChangeSet) -> Void
  ) -> [FileWatcher.Subscription] {
    parts.map { part in
      FileWatcher.Subscription(
        include: part.include, exclude: part.exclude, quietPeriod: configuration.quietPeriod,
        debounce: configuration.debounce, maxWait: configuration.maxWait,
        observer: observer(part))
    }
  }
}

extension UnitID {
  /// Whether it is made of templates or assets.
  var isContent: Bool { self == .templates || self == .assets }
}
