import FileWatching
import Tracing
import WorkspaceTools

/// Candidates, merged, whose files were sorted into units.
struct ClassifiedCandidate: Sendable {
  var producers: [Candidate.Producer] = []
  var isEverything = false
  /// What must be loaded.
  var units: Set<UnitID> = []
  /// Which files of these units changed; nothing else is known about a unit that is not in here.
  var unitChanges: [UnitID: [FileChange]] = [:]
  /// Units whose last good content is to be used, because a type that is asked for now refuses what is on disk, and
  /// why it does.
  var fallBacks: [UnitID: [ConfigDiagnostic]] = [:]
  /// Changed files that belong to nothing that is loaded.
  var content: [FileChange] = []
  var notices: [WatchNotice] = []
  /// Where all is to be loaded from, at once or not at all; nil: where what is in force comes from.
  var root: ContentRoot?
  var classifying: Duration = .zero
  /// From when until when that was, with what lay between.
  var classified: ClosedRange<Duration>?
  /// What the spans of those who asked for it run in.
  var origins: [ServiceContext] = []

  /// Whether there is something to do before content may be published.
  var isUrgent: Bool { isEverything || !units.isEmpty || !notices.isEmpty }

  /// Takes over what `other`, which came later, asks for, except for its content.
  mutating func merge(_ other: ClassifiedCandidate) {
    for producer in other.producers where !producers.contains(producer) {
      producers.append(producer)
    }
    isEverything = isEverything || other.isEverything
    root = other.root ?? root
    units.formUnion(other.units)
    for (unit, changes) in other.unitChanges {
      unitChanges[unit, default: []].merge(changes)
    }
    fallBacks.merge(other.fallBacks) { $1 }
    for notice in other.notices where !notices.contains(notice) { notices.append(notice) }
    classifying += other.classifying
    if let later = other.classified {
      let first = min(classified?.lowerBound ?? later.lowerBound, later.lowerBound)
      classified = first...max(classified?.upperBound ?? later.upperBound, later.upperBound)
    }
    let room = max(0, ReloadTracing.maximumLinks - origins.count)
    origins += other.origins.prefix(room)
  }
}

extension [FileChange] {
  /// Adds later changes; of two changes of one path one remains.
  mutating func merge(_ later: [FileChange]) {
    guard !isEmpty else {
      self = later
      return
    }
    var positions: [FileChange: Int] = [:]
    for (position, change) in enumerated() { positions[change.place] = position }
    for change in later {
      if let position = positions[change.place] {
        self[position].kind = self[position].kind.followed(by: change.kind)
      } else {
        positions[change.place] = count
        append(change)
      }
    }
  }
}

extension FileChange {
  /// The same for all changes of one path.
  fileprivate var place: FileChange { FileChange(path: path, kind: .modified) }
}

extension FileChange.Kind {
  /// What both together come to.
  fileprivate func followed(by later: FileChange.Kind) -> FileChange.Kind {
    switch (self, later) {
    case (.created, .modified): .created
    case (.renamed, .modified): self
    case (.deleted, .created): .modified
    default: later
    }
  }
}
