public import SystemPackage
import Synchronization

/// A root folder with the standard folders below it, and the environment it is used in.
///
/// A workspace is a value whose copies share one box, see ``shared(_:create:)``. Two workspaces that were
/// created apart share nothing, even on one root. All its functions may be called from any thread.
///
/// The root keeps the name it was given: where that is a link (`current -> releases/42`), the link is
/// followed anew with each access, so a link that is turned to another folder turns the workspace.
public struct Workspace: Sendable {
  let box: WorkspaceBox

  /// The absolute path of the root folder, as it was named: links in it are not resolved.
  public var root: FilePath { box.root }

  /// The environment, which selects the environment layer of every config.
  public var environment: WorkspaceEnvironment { box.environment }

  /// How configs are loaded unless a call says otherwise.
  public var loadOptions: ConfigLoadOptions { box.loadOptions }

  /// A workspace on a folder, which need not exist yet.
  ///
  /// - Parameters:
  ///   - root: its path; a relative one starts at the process's current folder.
  ///   - environment: nil to take it from the process's environment variables.
  ///   - loadOptions: how configs are loaded unless a call says otherwise.
  /// - Throws: ``WorkspaceError`` if the variables give an impossible environment name, or the path is
  ///   relative and the process has no current folder.
  public init(
    root: FilePath, environment: WorkspaceEnvironment? = nil,
    loadOptions: ConfigLoadOptions = ConfigLoadOptions()
  ) throws(WorkspaceError) {
    let environment =
      if let environment { environment } else { try WorkspaceEnvironment() }
    box = WorkspaceBox(
      root: try Self.absolute(root, in: nil), environment: environment, loadOptions: loadOptions)
  }

  /// The same root and box contents for another environment or other options; shares no box with this one.
  public func with(
    environment: WorkspaceEnvironment? = nil, loadOptions: ConfigLoadOptions? = nil
  ) -> Workspace {
    Workspace(
      box: WorkspaceBox(
        root: root, environment: environment ?? self.environment,
        loadOptions: loadOptions ?? self.loadOptions))
  }

  /// The same for another folder, which is an absolute path; shares no box with this one.
  func rooted(at folder: FilePath) -> Workspace {
    Workspace(
      box: WorkspaceBox(root: folder, environment: environment, loadOptions: loadOptions))
  }

  init(box: WorkspaceBox) {
    self.box = box
  }
}

/// What the copies of one workspace share.
final class WorkspaceBox: Sendable {
  let root: FilePath
  let environment: WorkspaceEnvironment
  let loadOptions: ConfigLoadOptions
  let extensions = Mutex<[ObjectIdentifier: any Sendable]>([:])
  let plans = Mutex<[String: ConfigPlan]>([:])
  let variants = VariantFolders()

  init(root: FilePath, environment: WorkspaceEnvironment, loadOptions: ConfigLoadOptions) {
    self.root = root
    self.environment = environment
    self.loadOptions = loadOptions
  }
}

/// Names one thing that the copies of a workspace share; conform an empty enumeration to it.
public protocol WorkspaceSharedKey {
  /// What is shared. A class, usually, as the value itself cannot be changed once it is there.
  associatedtype Value: Sendable
}

extension Workspace {
  /// What is kept under `key` for all copies of this workspace, made at the first call.
  ///
  /// This is how other modules keep one object a workspace, such as its implicit reload manager.
  ///
  /// - Parameter create: makes the value; called at most once until ``removeShared(_:)``, unless it throws. It
  ///   runs under the box's lock: it must be quick, and must not call this workspace's shared functions.
  public func shared<Key: WorkspaceSharedKey>(
    _ key: Key.Type, create: () throws -> Key.Value
  ) rethrows -> Key.Value {
    try box.extensions.withLock { extensions in
      let identity = ObjectIdentifier(key)
      if let value = extensions[identity] as? Key.Value { return value }
      let value = try create()
      extensions[identity] = value
      return value
    }
  }

  /// What is kept under `key`, if it was made.
  public func shared<Key: WorkspaceSharedKey>(_ key: Key.Type) -> Key.Value? {
    box.extensions.withLock { $0[ObjectIdentifier(key)] as? Key.Value }
  }

  /// Forgets what is kept under `key`, and returns it.
  @discardableResult
  public func removeShared<Key: WorkspaceSharedKey>(_ key: Key.Type) -> Key.Value? {
    box.extensions.withLock { $0.removeValue(forKey: ObjectIdentifier(key)) as? Key.Value }
  }
}
