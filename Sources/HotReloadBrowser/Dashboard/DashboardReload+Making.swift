import FileWatching
import HotReload
import SystemPackage
import WorkspaceTools

extension DashboardReload {
  /// How many entries each list of a transaction has; more are counted.
  static let listLimit = 50
  /// How many characters of a name or a message are shown.
  static let textLimit = 1_000
  /// How many characters of a value are shown.
  static let valueLimit = 300

  /// What a transaction did. It has no number yet.
  ///
  /// - Parameters:
  ///   - completed: the transaction, with the real values in it.
  ///   - excerpts: the lines around what is wrong, without secrets in them.
  ///   - rules: the keys whose values are taken out.
  init(
    _ completed: CompletedReload, excerpts: [ExcerptReader.Place: LiveError.Excerpt] = [:],
    redacting rules: RedactionRules
  ) {
    let report = completed.report
    let document = ReloadReport.Document(report).redacted(by: rules)
    var leftOut = 0
    func bounded<Element>(_ all: [Element]) -> [Element] {
      leftOut += max(0, all.count - Self.listLimit)
      return Array(all.prefix(Self.listLimit))
    }
    let (differences, counts) = Self.differences(in: completed.events, redacting: rules)
    number = 0
    generation = report.generation
    time = completed.time
    duration = document.duration
    producers = bounded(report.producers.map { Self.shortened($0.description) })
    outcome =
      report.units.map(\.outcome.kind).max { $0.gravity < $1.gravity }?.rawValue ?? "told"
    units = bounded(
      document.units.map { unit in
        Unit(
          unit: Self.shortened(unit.unit), outcome: unit.outcome, isChanged: unit.isChanged,
          differences: counts[unit.unit])
      })
    phases = document.phases
    files = bounded(Self.files(of: completed))
    self.differences = bounded(differences)
    errors = bounded(Self.places(of: report)).map { place in
      Problem(
        unit: Self.shortened(place.unit.description),
        ConfigDiagnostic.Document(place.diagnostic).redacted(by: rules),
        excerpt: excerpts[place])
    }
    notices = bounded(completed.events.compactMap { Self.notice($0.event) })
    self.leftOut = leftOut
    missedBefore = completed.droppedBefore
  }

  /// Whether it loaded or told anything. One that somebody only waited with did neither.
  var hasEffect: Bool {
    !units.isEmpty || !files.isEmpty || !notices.isEmpty || missedBefore > 0
  }

  /// What is wrong with which unit, in the order of ``errors``, with the real values in it.
  static func places(of report: ReloadReport) -> [ExcerptReader.Place] {
    report.units.flatMap { unit in
      unit.outcome.diagnostics.map { ExcerptReader.Place(unit: unit.unit, diagnostic: $0) }
    }
  }

  /// A text of so many characters at most, and a mark if there were more.
  static func shortened(_ text: String, to limit: Int = textLimit) -> String {
    guard text.utf8.count > limit, text.count > limit else { return text }
    return text.prefix(limit) + "…"
  }

  private static func files(of completed: CompletedReload) -> [File] {
    var files: [File] = []
    var seen: Set<FilePath> = []
    func add(_ path: FilePath, _ change: ChangeType) {
      guard seen.insert(path).inserted else { return }
      let (name, from) = change.named
      files.append(File(path: path.text, change: name, from: from?.text))
    }
    for event in completed.events {
      if case .fileChanged(let path, let change) = event.event { add(path, change) }
    }
    for change in completed.report.changes { add(change.path, ChangeType(shown: change.kind)) }
    for event in completed.events {
      switch event.event {
      case .templateChanged(let paths), .assetChanged(let paths):
        for path in paths { add(path, .modified) }
      default: break
      }
    }
    return files
  }

  /// What changed in the configs, and how much in each unit.
  private static func differences(
    in events: [PublishedEvent], redacting rules: RedactionRules
  ) -> ([Difference], [String: Int]) {
    var differences: [Difference] = []
    var counts: [String: Int] = [:]
    for event in events {
      guard case .configChanged(let name, let old?, let new) = event.event else { continue }
      let all = new.difference(from: old)
      counts[UnitID.config(name).description, default: 0] += all.count
      differences += all.map { difference in
        let shown = difference.redacted(by: rules)
        return Difference(
          config: name, keyPath: shortened(shown.keyPath.description),
          old: shown.old.map { shortened($0.jsonText(redacting: rules), to: valueLimit) },
          new: shown.new.map { shortened($0.jsonText(redacting: rules), to: valueLimit) })
      }
    }
    return (differences, counts)
  }

  private static func notice(_ event: ChangeEvent) -> String? {
    switch event {
    case .watchDegraded(let path, let reason): "\(path.text) is polled: \(reason)"
    case .watchRestored(let path): "\(path.text) is watched again"
    case .rescanned(let reason): "everything was compared with the disk again: \(reason)"
    case .rolledBack(let name, let reason): shortened("\(name) was rolled back: \(reason)")
    default: nil
    }
  }
}

extension DashboardReload.Problem {
  init(unit: String, _ error: ConfigDiagnostic.Document, excerpt: LiveError.Excerpt? = nil) {
    self.unit = unit
    file = error.file.map { DashboardReload.shortened($0) }
    (line, column) = (error.line, error.column)
    keyPath = error.keyPath.map { DashboardReload.shortened($0) }
    message = DashboardReload.shortened(error.message)
    self.excerpt = excerpt.map { DashboardReload.Excerpt(first: $0.first, lines: $0.lines) }
  }
}

extension FilePath {
  /// The path as text; what is not UTF-8 in it is shown as U+FFFD.
  fileprivate var text: String { DashboardReload.shortened(String(decoding: self)) }
}

extension ChangeType {
  fileprivate init(shown kind: FileChange.Kind) {
    switch kind {
    case .created: self = .created
    case .modified: self = .modified
    case .deleted: self = .deleted
    case .renamed(let from): self = .renamed(from: from)
    case .subtreeChanged: self = .subtreeChanged
    }
  }

  fileprivate var named: (String, FilePath?) {
    switch self {
    case .created: ("created", nil)
    case .modified: ("modified", nil)
    case .deleted: ("deleted", nil)
    case .renamed(let from): ("renamed", from)
    case .subtreeChanged: ("subtreeChanged", nil)
    }
  }
}
