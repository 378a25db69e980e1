import SystemPackage

/// Merges change sets that a consumer has not taken yet into one with the same final view.
///
/// For each path it keeps what the consumer knew before the first set and what is so after the last; a file
/// that came and went in between is not mentioned at all.
struct ChangeMerger {
  private struct Path {
    var was: Bool
    var isPresent: Bool
    var movedFrom: FilePath?
  }

  private let maxChanges: Int
  private var paths: [FilePath: Path] = [:]
  private var subtrees: Set<FilePath> = []
  private var notices: [WatchNotice] = []
  private var number: UInt64 = 0

  /// How many notices are kept; repeated ones are kept once, so only a storm of different ones is cut.
  static let maximumNotices = 256

  init(maxChanges: Int) {
    self.maxChanges = maxChanges
  }

  mutating func add(_ set: ChangeSet) {
    number = set.number
    for notice in set.notices where !notices.contains(notice) {
      if notices.count < Self.maximumNotices { notices.append(notice) }
    }
    for change in set.changes { add(change) }
    if paths.count > maxChanges {
      paths = [:]
      subtrees = [FilePath("")]
    }
  }

  private mutating func add(_ change: FileChange) {
    if isCovered(change.path) {
      // The consumer lists that subtree anyway; only the other end of a rename may lie outside it.
      if case .renamed(let from) = change.kind { add(FileChange(path: from, kind: .deleted)) }
      return
    }
    switch change.kind {
    case .created: update(change.path, was: false, isPresent: true)
    case .modified: update(change.path, was: true, isPresent: true)
    case .deleted: update(change.path, was: true, isPresent: false)
    case .renamed(let from):
      guard !isCovered(from) else {
        update(change.path, was: false, isPresent: true)
        return
      }
      // A chain of renames starts where the consumer last saw the file.
      let origin = paths[from]?.movedFrom ?? from
      update(from, was: true, isPresent: false)
      update(change.path, was: false, isPresent: true)
      if paths[change.path]?.was == false { paths[change.path]?.movedFrom = origin }
    case .subtreeChanged:
      paths = paths.filter { !Self.contains(change.path, $0.key) }
      subtrees = subtrees.filter { !Self.contains(change.path, $0) }
      subtrees.insert(change.path)
    }
  }

  private mutating func update(_ path: FilePath, was: Bool, isPresent: Bool) {
    if var known = paths[path] {
      known.isPresent = isPresent
      known.movedFrom = isPresent ? known.movedFrom : nil
      paths[path] = known
    } else {
      paths[path] = Path(was: was, isPresent: isPresent)
    }
  }

  private func isCovered(_ path: FilePath) -> Bool {
    !subtrees.isEmpty && subtrees.contains { Self.contains($0, path) }
  }

  private static func contains(_ folder: FilePath, _ path: FilePath) -> Bool {
    folder.isEmpty || path.starts(with: folder)
  }

  /// The merged set.
  func merged() -> ChangeSet {
    var sources: [FilePath: Int] = [:]
    for path in paths.values {
      if path.isPresent, !path.was, let from = path.movedFrom { sources[from, default: 0] += 1 }
    }
    func isRename(_ path: Path) -> FilePath? {
      guard path.isPresent, !path.was, let from = path.movedFrom, sources[from] == 1,
        let source = paths[from], source.was, !source.isPresent
      else { return nil }
      return from
    }
    var changes = subtrees.map { FileChange(path: $0, kind: .subtreeChanged) }
    var renamedAway: Set<FilePath> = []
    for (name, path) in paths {
      if let from = isRename(path) {
        changes.append(FileChange(path: name, kind: .renamed(from: from)))
        renamedAway.insert(from)
      }
    }
    for (name, path) in paths where isRename(path) == nil {
      switch (path.was, path.isPresent) {
      case (true, true): changes.append(FileChange(path: name, kind: .modified))
      case (false, true): changes.append(FileChange(path: name, kind: .created))
      case (true, false):
        if !renamedAway.contains(name) {
          changes.append(FileChange(path: name, kind: .deleted))
        }
      case (false, false): break
      }
    }
    return ChangeSet(number: number, changes: changes, notices: notices)
  }
}
