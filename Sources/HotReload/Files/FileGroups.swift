import Synchronization
import SystemPackage

/// Which files belong to which group.
final class FileGroups: Sendable {
  /// How many groups there can be.
  static let maximumGroups = 1_000

  private struct State {
    var paths: [String: [FilePath]] = [:]
    var groups: [FilePath: Set<String>] = [:]
  }

  private let state = Mutex(State())

  /// The names of all groups.
  var names: [String] { state.withLock { Array($0.paths.keys) } }

  /// The files of a group; nil if there is no such group.
  func paths(of group: String) -> [FilePath]? {
    state.withLock { $0.paths[group] }
  }

  /// The groups that a file belongs to, by its path relative to the root.
  func groups(of path: FilePath) -> Set<String> {
    state.withLock { $0.groups[path] ?? [] }
  }

  /// Adds a group, or finds that it is there already.
  func add(_ name: String, _ paths: [FilePath]) throws(HotReloadError) {
    let problem: String? = state.withLock { state in
      if let known = state.paths[name] {
        guard known != paths else { return nil }
        return "there is a file group \(name) already, of other files: "
          + known.map(\.string).joined(separator: ", ")
      }
      guard state.paths.count < Self.maximumGroups else {
        return "there are \(Self.maximumGroups) file groups already"
      }
      state.paths[name] = paths
      for path in paths { state.groups[path, default: []].insert(name) }
      return nil
    }
    if let problem { throw HotReloadError(code: .invalidConfiguration, message: problem) }
  }
}
