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
  private let readers = Mutex(Readers())

  private struct Readers {
    /// Those of the workspace's own files.
    var own: [UnitID: FileSetReader] = [:]
    /// How to make one for another folder.
    var make: [UnitID: @Sendable (FilePath) -> FileSetReader] = [:]
    /// Those of the folder that was read from last.
    var folder: FilePath?
    var others: [UnitID: FileSetReader] = [:]
  }

  /// The sets of a workspace; without a root there are none.
  init(root: FilePath? = nil, filter: PathFilter? = nil) {
    self.root = root
    self.filter = filter
  }

  func isLoaded(_ unit: UnitID) -> Bool {
    readers.withLock { $0.own[unit] != nil }
  }

  /// What reads the unit's files; nil if nobody wants it loaded.
  /// - Parameter folder: where they lie; nil for the workspace itself.
  func reader(of unit: UnitID, in folder: FilePath?) -> FileSetReader? {
    readers.withLock { readers in
      guard let folder else { return readers.own[unit] }
      if readers.folder != folder {
        readers.folder = folder
        readers.others = [:]
      }
      if let known = readers.others[unit] { return known }
      let made = readers.make[unit]?(folder)
      readers.others[unit] = made
      return made
    }
  }

  /// From now on the unit is loaded.
  /// - Parameter classifier: says which files belong to it.
  func add(_ unit: UnitID, by classifier: Classifier) {
    guard let root, let filter, Self.units.contains(unit) else { return }
    let make: @Sendable (FilePath) -> FileSetReader = { root in
      FileSetReader(root: root, filter: filter, belongs: { classifier.unit(of: $0) == unit })
    }
    readers.withLock { readers in
      guard readers.own[unit] == nil else { return }
      readers.own[unit] = make(root)
      readers.make[unit] = make
    }
  }
}
