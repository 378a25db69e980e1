import HotReload
import WorkspaceTools

/// What the pages are told of each transaction: transactions go in, messages come out. Nothing else happens here.
struct LiveState: Sendable {
  /// The most errors in a message; the first ones are the ones to mend.
  static let maximumErrors = 20
  /// The most characters of an error's message.
  static let maximumMessageLength = 4_000
  /// The most names in an update. Beyond that anything may have changed.
  static let maximumUses = 512

  /// The generation in force, as far as it is known.
  private(set) var generation: UInt64
  /// What is wrong, by unit.
  private var wrong: [UnitID: [LiveError]] = [:]
  private let rules: RedactionRules

  init(redacting rules: RedactionRules, generation: UInt64 = 0) {
    self.rules = rules
    self.generation = generation
  }

  /// Everything that is wrong at this moment.
  var errors: [LiveError] {
    Array(wrong.sorted { $0.key < $1.key }.flatMap(\.value).prefix(Self.maximumErrors))
  }

  /// Everything that a page has to know that comes now, without a hello.
  var current: [LiveMessage] {
    errors.isEmpty ? [] : [.error(generation: generation, errors)]
  }

  /// What was wrong before anything was told.
  mutating func begin(
    with status: HotReloadStatus, excerpt: (UnitID, ConfigDiagnostic) -> LiveError.Excerpt?
  ) {
    generation = max(generation, status.generation)
    for unit in status.units where wrong[unit.unit] == nil {
      note(unit.unit, unit.errors, excerpt)
    }
  }

  /// What is wrong after something was missed.
  mutating func restart(
    with status: HotReloadStatus, excerpt: (UnitID, ConfigDiagnostic) -> LiveError.Excerpt?
  ) {
    wrong = [:]
    begin(with: status, excerpt: excerpt)
  }

  /// What is to be said of a transaction; nothing if no page would look different.
  ///
  /// - Parameters:
  ///   - reload: what happened.
  ///   - assets: the assets that changed with it.
  ///   - excerpt: the lines around an error.
  mutating func messages(
    for reload: CompletedReload, assets: [LiveAssetChange] = [],
    excerpt: (UnitID, ConfigDiagnostic) -> LiveError.Excerpt? = { _, _ in nil }
  ) -> [LiveMessage] {
    generation = reload.report.generation
    let before = errors
    for unit in reload.report.units { note(unit.unit, unit.outcome.diagnostics, excerpt) }
    var messages: [LiveMessage] = []
    if let update = update(for: reload, assets) { messages.append(.update(update)) }
    let now = errors
    if now.isEmpty {
      if !before.isEmpty { messages.append(.clear) }
    } else if now != before || !messages.isEmpty {
      // An update takes the overlay away, so what is wrong still is said again.
      messages.append(.error(generation: generation, now))
    }
    return messages
  }

  private func update(
    for reload: CompletedReload, _ assets: [LiveAssetChange]
  ) -> LiveMessage.Update? {
    if reload.droppedBefore > 0 { return .init(generation: generation, all: true) }
    var uses: Set<String> = []
    for published in reload.events {
      switch published.event {
      // No page can have noted that it would use a config that was not there.
      case .configChanged(_, old: nil, _): return .init(generation: generation, all: true)
      case .configChanged(let name, _, _): uses.insert("config:\(name)")
      case .templateChanged(let paths): uses.formUnion(paths.map(\.string))
      default: break
      }
    }
    for asset in assets where asset.kind == .other { uses.insert(Self.use(of: asset)) }
    let shown = assets.filter { $0.kind != .other }
    guard uses.count + shown.count <= Self.maximumUses else {
      return .init(generation: generation, all: true)
    }
    guard !uses.isEmpty || !shown.isEmpty else { return nil }
    return .init(generation: generation, uses: uses.sorted(), assets: shown)
  }

  /// What pages call an asset that they were made from: its path relative to the root.
  private static func use(of asset: LiveAssetChange) -> String {
    String(asset.path.drop { $0 == "/" })
  }

  private mutating func note(
    _ unit: UnitID, _ diagnostics: [ConfigDiagnostic],
    _ excerpt: (UnitID, ConfigDiagnostic) -> LiveError.Excerpt?
  ) {
    guard !diagnostics.isEmpty else {
      wrong[unit] = nil
      return
    }
    wrong[unit] = diagnostics.prefix(Self.maximumErrors).map { diagnostic in
      let shown = ConfigDiagnostic.Document(diagnostic).redacted(by: rules)
      return LiveError(
        unit: unit.description, file: shown.file, line: shown.line, column: shown.column,
        keyPath: shown.keyPath, message: String(shown.message.prefix(Self.maximumMessageLength)),
        excerpt: excerpt(unit, diagnostic))
    }
  }
}
