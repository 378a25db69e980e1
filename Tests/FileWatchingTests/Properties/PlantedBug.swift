import FileWatching
import Synchronization
import SystemPackage

/// Bugs that a watcher could have, put between a right watcher and its consumer. The property must notice each
/// of them, or it proves nothing.
enum PlantedBug: String, CaseIterable, Sendable {
  /// One creation, deletion or rename is not reported.
  case dropsOneChange
  /// Two changes of one path, in different sets, come in the wrong order.
  case swapsTwoChanges
  /// Nothing below one folder is reported.
  case missesAFolder
  /// Modifications are not reported.
  case dropsModifications

  /// What the consumer gets instead of each set.
  func distortion() -> @Sendable (ChangeSet) -> [ChangeSet] {
    let distorter = Distorter(bug: self)
    return { distorter.distort($0) }
  }

  private final class Distorter: Sendable {
    private struct State {
      var done = false
      var seen = 0
      var held: FileChange?
    }

    private let bug: PlantedBug
    private let state = Mutex(State())

    init(bug: PlantedBug) {
      self.bug = bug
    }

    func distort(_ set: ChangeSet) -> [ChangeSet] {
      state.withLock { state in
        var changes = set.changes
        var late: [FileChange] = []
        switch bug {
        case .dropsOneChange: dropOne(&changes, &state)
        case .swapsTwoChanges: late = swapTwo(&changes, &state)
        case .missesAFolder: changes.removeAll { $0.path.starts(with: "a") }
        case .dropsModifications: changes.removeAll { $0.kind == .modified }
        }
        var sets = [ChangeSet(number: set.number, changes: changes, notices: set.notices)]
        if changes.isEmpty && set.notices.isEmpty { sets = [] }
        if !late.isEmpty { sets.append(ChangeSet(number: set.number, changes: late)) }
        return sets
      }
    }

    /// The fifth change that makes or unmakes a path.
    private func dropOne(_ changes: inout [FileChange], _ state: inout State) {
      for index in changes.indices where changes[index].kind != .modified && !state.done {
        state.seen += 1
        guard state.seen == 5 else { continue }
        changes.remove(at: index)
        state.done = true
        return
      }
    }

    /// Holds a creation back until its path is named again, and gives it then, after the other.
    private func swapTwo(_ changes: inout [FileChange], _ state: inout State) -> [FileChange] {
      if let held = state.held {
        guard changes.contains(where: { $0.path == held.path }) else { return [] }
        state.held = nil
        return [held]
      }
      if !state.done, let index = changes.firstIndex(where: { $0.kind == .created }) {
        state.held = changes.remove(at: index)
        state.done = true
      }
      return []
    }
  }
}
