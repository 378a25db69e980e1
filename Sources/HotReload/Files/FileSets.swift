import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Which of templates and assets somebody makes something of, so that they are loaded, each with what reads its files.
final class FileSets: Sendable {
  /// What sets can be read of.
  static let units: Set<UnitID> = [.templates, .assets]

  private let root: FilePath?
  private let filter: PathFilter?
  private let readers = Mutex<[UnitID: FileSetReader]>([:])

  /// The sets of a workspace; without a root there are none.
  init(root: FilePath? = nil, filter: PathFilter? = nil) {
    self.root = root
    self.filter = filter
  }

  func isLoaded(_ unit: UnitID) -> Bool {
    readers.withLock { $0[unit] != nil }
  }

  /// What reads the unit's files; nil if nobody wants it loaded.
  func reader(of unit: UnitID) -> FileSetReader? {
    readers.withLock { $0[unit] }
  }

  /// From now on the unit is loaded.
  /// - Parameter classifier: says which files belong to it.
  func add(_ unit: UnitID, by classifier: Classifier) {
    guard let root, let filter, Self.units.contains(unit) else { return }
    readers.withLock { readers in
      guard readers[unit] == nil else { return }
      readers[unit] = FileSetReader(
        root: root, filter: filter, belongs: { classifier.unit(of: $0) == unit })
    }
  }
}
