import FileWatching
import Synchronization
import SystemPackage

/// A bug that a watcher could have, put between a right watcher and its consumer for one run. The property must
/// notice each of them, or it proves nothing.
final class PlantedBug: Sendable {
  enum Kind: String, CaseIterable, Sendable {
    /// One creation, deletion or rename is not reported.
    case dropsOneChange
    /// Changes of one path that are in different sets come in the wrong order.
    case swapsTwoChanges
    /// Nothing below one folder is reported.
    case missesAFolder
    /// Modifications are not reported.
    case dropsModifications
  }

  private struct State {
    var seen = 0
    /// Creations that wait for the next change of their path.
    var held: [FilePath: FileChange] = [:]
    var effects = 0
  }

  private let kind: Kind
  private let state = Mutex(State())

  init(_ kind: Kind) {
    self.kind = kind
  }

  /// How often something else was delivered than the watcher reported. Which changes come in one set depends
  /// on the machine, so a run may give the bug no occasion.
  var effects: Int { state.withLock { $0.effects } }

  /// Whether something was delivered that cannot look right. A modification that is left out may, if the file
  /// is removed before anybody looks.
  var mustBeNoticed: Bool {
    effects > 0 && (kind == .dropsOneChange || kind == .swapsTwoChanges)
  }

  /// What the consumer gets instead of a set.
  func distort(_ set: ChangeSet) -> [ChangeSet] {
    state.withLock { state in
      if kind == .swapsTwoChanges { return swap(set, &state) }
      let changes: [FileChange] =
        switch kind {
        case .dropsOneChange: withoutFifth(set.changes, &state)
        case .missesAFolder: set.changes.filter { !$0.path.starts(with: "a") }
        case .dropsModifications: set.changes.filter { $0.kind != .modified }
        case .swapsTwoChanges: set.changes
        }
      state.effects += set.changes.count - changes.count
      return sets([changes], of: set)
    }
  }

  /// What is still held back, which is no bug as long as it is delivered before anybody looks.
  func finish() -> [ChangeSet] {
    state.withLock { state in
      defer { state.held = [:] }
      return sets([Array(state.held.values)], of: ChangeSet(number: 0, changes: []))
    }
  }

  /// Leaves out the fifth change that makes or unmakes a path.
  private func withoutFifth(_ changes: [FileChange], _ state: inout State) -> [FileChange] {
    changes.filter { change in
      if change.kind != .modified { state.seen += 1 }
      return change.kind == .modified || state.seen != 5
    }
  }

  /// Holds creations back until their path is named again, and delivers them then, after the other change.
  private func swap(_ set: ChangeSet, _ state: inout State) -> [ChangeSet] {
    var late: [FileChange] = []
    for change in set.changes {
      for path in change.paths {
        if let held = state.held.removeValue(forKey: path) { late.append(held) }
      }
    }
    state.effects += late.count
    // What names no file may mean those that are held.
    let isVague = set.changes.contains { $0.kind == .subtreeChanged }
    let due = isVague ? Array(state.held.values) : []
    if isVague { state.held = [:] }
    var now: [FileChange] = []
    for change in set.changes {
      if change.kind == .created { state.held[change.path] = change } else { now.append(change) }
    }
    return sets([due, now, late], of: set)
  }

  private func sets(_ parts: [[FileChange]], of set: ChangeSet) -> [ChangeSet] {
    var sets = parts.filter { !$0.isEmpty }.map { ChangeSet(number: set.number, changes: $0) }
    if !set.notices.isEmpty {
      sets.append(ChangeSet(number: set.number, changes: [], notices: set.notices))
    }
    return sets
  }
}

extension FileChange {
  /// The paths that the change names.
  fileprivate var paths: [FilePath] {
    if case .renamed(let from) = kind { [from, path] } else { [path] }
  }
}
