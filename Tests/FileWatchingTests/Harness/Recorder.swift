import FileWatching
import Synchronization
import SystemPackage

/// The consumer of one subscription: keeps every set, and replays it into a view on the watcher's thread,
/// so that the view holds what could be read when the report came.
final class Recorder: Sendable {
  private struct State {
    var view: ReplayedView?
    var sets: [ChangeSet] = []
    /// The same without what changed nothing.
    var effective: [ChangeSet] = []
    var taken = 0
    var lastNumber: UInt64 = 0
    var violations: [String] = []

    mutating func apply(_ set: ChangeSet) {
      guard let effective = view?.apply(set) else { return }
      if !effective.changes.isEmpty || !effective.notices.isEmpty {
        self.effective.append(effective)
      }
    }
  }

  private let state = Mutex(State())
  /// A planted bug: what the view gets instead of what the watcher reported.
  private let distortion: (@Sendable (ChangeSet) -> [ChangeSet])?

  /// What the planted bug still holds back when somebody looks.
  private let finish: (@Sendable () -> [ChangeSet])?

  init(distortion: (@Sendable (ChangeSet) -> [ChangeSet])? = nil) {
    self.distortion = distortion
    finish = nil
  }

  init(bug: PlantedBug) {
    distortion = { bug.distort($0) }
    finish = { bug.finish() }
  }

  /// Scans what is there before the watcher starts: of that, nothing is reported.
  func begin(_ scope: Scope) {
    state.withLock { $0.view = ReplayedView(scope: scope) }
  }

  func receive(_ set: ChangeSet) {
    state.withLock { state in
      if set.number != state.lastNumber + 1 {
        state.violations.append("set \(set.number) came after set \(state.lastNumber)")
      }
      state.lastNumber = set.number
      state.sets.append(set)
      for one in distortion?(set) ?? [set] { state.apply(one) }
    }
  }

  /// The sets since the last call, without modifications that changed nothing: those are allowed within a
  /// tick of the file system's clock, and the view counts them.
  func take() -> [ChangeSet] {
    state.withLock { state in
      defer { state.taken = state.effective.count }
      return Array(state.effective[state.taken...])
    }
  }

  var lastNumber: UInt64 { state.withLock { $0.lastNumber } }

  /// Everything that is wrong: broken promises of the sets, and differences from the file system.
  func problems() -> [String] {
    state.withLock { state in
      for set in finish?() ?? [] { state.apply(set) }
      return state.violations + (state.view?.violations ?? []) + (state.view?.differences() ?? [])
    }
  }

  /// Notices in all sets so far.
  var notices: [WatchNotice] { state.withLock { $0.sets.flatMap(\.notices) } }

  /// The last few sets, for a failure's message.
  var tail: String {
    state.withLock { state in
      state.sets.suffix(8).map { "\($0.number): \($0.changes) \($0.notices)" }
        .joined(separator: "\n")
    }
  }
}
