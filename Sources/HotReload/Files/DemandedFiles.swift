import Synchronization
import SystemPackage

/// Sees to it that files are watched that no glob leads to, with the links that lead to them: variants' overlays,
/// whatever the globs say, and templates and assets in a folder that a link stands for.
///
/// Which of them there are is known only when a unit was loaded.
final class DemandedFiles: Sendable {
  /// So many files are watched in this way. What comes beyond is found by the globs only, and by the next reload of everything.
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

  /// Of these files those that are not watched yet, which from now on count as watched.
  func take(_ files: [FilePath]) -> (source: any ChangeSource, new: [FilePath])? {
    guard !files.isEmpty else { return nil }
    return state.withLock { state in
      guard let source = state.source else { return nil }
      let room = max(0, Self.maximumWatched - state.watched.count)
      let new = Array(files.filter { !state.watched.contains($0) }.prefix(room))
      state.watched.formUnion(new)
      return new.isEmpty ? nil : (source, new)
    }
  }

  /// They could not be watched.
  func giveBack(_ files: [FilePath]) {
    state.withLock { $0.watched.subtract(files) }
  }
}

extension ReloadDriver {
  /// Has the files watched that a transaction has brought, and that no glob leads to.
  func demandFiles(of publication: Machine.Publication) {
    // What lies elsewhere is not watched.
    guard contentRoot == .workspace else { return }
    var overlays: [UnitID: [FilePath]] = [:]
    var linked: [UnitID: [FilePath]] = [:]
    for unit in publication.units where unit.isChanged {
      let layers = unit.new?.config?.layers.filter { $0.layer.variantName != nil } ?? []
      if !layers.isEmpty { overlays[unit.unit] = layers.map(\.path) }
      if let files = unit.new?.set?.linked, !files.isEmpty { linked[unit.unit] = files }
    }
    demand(overlays, in: WatchPlan.configs)
    demand(linked, in: contentSubscription)
  }

  private func demand(_ files: [UnitID: [FilePath]], in subscription: Int) {
    guard let (source, new) = demanded.take(files.values.flatMap(\.self)) else { return }
    let units = Set(files.keys)
    tasks.start {
      do { try await source.demand(new, for: subscription) } catch {
        return self.demanded.giveBack(new)
      }
      // What changed between the load and the watching is seen now.
      let candidate = ClassifiedCandidate(producers: [.registration], units: units)
      if !self.stopped.isOpen { self.step(.submit(candidate, nil)) }
    }
  }
}
