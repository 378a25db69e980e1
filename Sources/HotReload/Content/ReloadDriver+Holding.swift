import FileWatching
import SystemPackage

extension ReloadDriver {
  /// Takes in what a subscription of the watcher delivered. Called on the watcher's thread.
  func receive(_ set: ChangeSet, only accepted: @Sendable (UnitID) -> Bool) {
    let candidate = Candidate(producer: .watcher, changes: set.changes, notices: set.notices)
    var classified = classify(candidate, only: accepted)
    if let held { hold(candidate, as: &classified, in: held, only: accepted) }
    guard classified.isUrgent || !classified.content.isEmpty else { return }
    step(.submit(classified, nil))
  }

  /// Takes out what must not come into force by itself, and remembers that it changed. File groups may be this machine's own,
  /// such as its certificates: they are loaded, from wherever they come.
  private func hold(
    _ candidate: Candidate, as classified: inout ClassifiedCandidate, in held: HeldChanges,
    only accepted: (UnitID) -> Bool
  ) {
    var paths: Set<FilePath> = []
    for change in candidate.changes {
      for path in change.places {
        // Each subscription tells of its own part.
        let isHeld =
          change.kind == .subtreeChanged || (isHeld(path) && accepted(classifier.unit(of: path)))
        if isHeld { paths.insert(path) }
      }
    }
    classified.content.removeAll { $0.kind != .subtreeChanged && isOfUnit($0.path) }
    classified.units = classified.units.filter { $0.fileGroupName != nil }
    classified.unitChanges = classified.unitChanges.filter { classified.units.contains($0.key) }
    if classified.isEverything {
      // Below a folder of which no more is known there may be files of any group.
      classified.isEverything = false
      classified.units.formUnion(groups.names.map(UnitID.files))
    }
    // After a loss nobody knows what changed, but that something may have.
    if !paths.isEmpty || !candidate.notices.isEmpty { held.add(Array(paths)) }
  }

  /// Whether a file is one of those that candidates bring.
  private func isHeld(_ path: FilePath) -> Bool {
    isOfUnit(path)
      || groups.groups(of: path).contains { group in
        guard let folder = contentRoot.folder, let paths = groups.paths(of: group) else {
          return false
        }
        return configs.reading(from: folder).brings(paths)
      }
  }

  /// Whether a file is a config's, a template or an asset.
  private func isOfUnit(_ path: FilePath) -> Bool {
    switch classifier.unit(of: path) {
    case .config, .templates, .assets: true
    case .files, .file: false
    }
  }
}

extension FileChange {
  /// All paths that it concerns.
  fileprivate var places: [FilePath] {
    if case .renamed(let from) = kind { [path, from] } else { [path] }
  }
}
