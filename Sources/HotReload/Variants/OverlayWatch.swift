import Synchronization
import SystemPackage

/// Sees to it that variants' overlays are watched whatever the globs say, with the links that lead to them.
///
/// Which of them there are is known only when a config was loaded.
final class OverlayWatch: Sendable {
  /// So many overlays are watched in this way. What comes beyond is found by the globs only.
  static let maximumWatched = 10_000

  private struct State {
    var source: (any ChangeSource)?
    var watched: Set<FilePath> = []
  }

  private let state = Mutex(State())

  /// From when there is something that can watch.
  func begin(_ source: any ChangeSource) {
    state.withLock { $0.source = source }
  }

  /// Lets go of what watches, which holds those whom it tells.
  func end() {
    state.withLock { $0.source = nil }
  }

  /// Of these overlays those that are not watched yet, which from now on count as watched.
  func take(_ overlays: [FilePath]) -> (source: any ChangeSource, new: [FilePath])? {
    guard !overlays.isEmpty else { return nil }
    return state.withLock { state in
      guard let source = state.source else { return nil }
      let room = max(0, Self.maximumWatched - state.watched.count)
      let new = Array(overlays.filter { !state.watched.contains($0) }.prefix(room))
      state.watched.formUnion(new)
      return new.isEmpty ? nil : (source, new)
    }
  }

  /// They could not be watched.
  func giveBack(_ overlays: [FilePath]) {
    state.withLock { $0.watched.subtract(overlays) }
  }
}

extension ReloadDriver {
  /// Has the overlays watched that a transaction has brought.
  func watchOverlays(of publication: Machine.Publication) {
    var found: [FilePath] = []
    var units: Set<UnitID> = []
    for unit in publication.units {
      guard unit.isChanged, let layers = unit.new?.config?.layers else { continue }
      let overlays = layers.filter { $0.layer.variantName != nil }.map(\.path)
      if !overlays.isEmpty { units.insert(unit.unit) }
      found += overlays
    }
    guard let (source, new) = overlays.take(found) else { return }
    tasks.start { [units] in
      do { try await source.demand(new, for: WatchPlan.configs) } catch {
        return self.overlays.giveBack(new)
      }
      // What changed between the load and the watching is seen now.
      let candidate = ClassifiedCandidate(producers: [.registration], units: units)
      if !self.stopped.isOpen { self.step(.submit(candidate, nil)) }
    }
  }
}
