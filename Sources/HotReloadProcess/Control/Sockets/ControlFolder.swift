import HotReload
public import SystemPackage
public import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where instances of a workspace have their control sockets: `data/hotreload/INSTANCE/control.sock`.
public enum ControlFolder {
  /// The instance that a program is if it does not say otherwise.
  public static let defaultInstance = HotReloadConfiguration.defaultInstance
  /// How many names are tried for an instance: `default`, `default-2`, …
  public static let maximumInstances = 64
  /// The socket's name in an instance's folder.
  public static let socketName = "control.sock"

  static let lockName = "control.lock"
  /// How many folders are looked at to find instances.
  static let maximumListed = 1_024

  /// The folder that holds the instances' folders.
  public static func all(in workspace: Workspace) -> FilePath { all(root: workspace.root) }

  /// The folder that holds the instances' folders, below this root.
  public static func all(root: FilePath) -> FilePath {
    root.appending("data").appending("hotreload")
  }

  /// The names an instance may take, in this order.
  public static func names(for instance: String = defaultInstance) -> [String] {
    [instance] + (2...maximumInstances).map { "\(instance)-\($0)" }
  }

  /// Whether a name can be an instance's: letters, digits, `-`, `_` and, not at the start, `.`; at most 100 bytes.
  public static func isValid(_ name: String) -> Bool { InstanceName.isValid(name) }
}

extension ControlFolder {
  /// The instances that answer now, those that belong to another user, and those that have ended, sorted by name. Blocking,
  /// for one attempt to connect a folder.
  public static func instances(
    root: FilePath
  ) -> (running: [String], closed: [String], ended: [String]) {
    var (running, closed, ended): ([String], [String], [String]) = ([], [], [])
    for name in names(below: all(root: root)) {
      do throws(Errno) {
        try UnixSocket.connect(in: all(root: root).appending(name)).close()
        running.append(name)
      } catch {
        switch error {
        case .permissionDenied: closed.append(name)
        // It is there, and has much to do.
        case .wouldBlock, .resourceTemporarilyUnavailable: running.append(name)
        default: ended.append(name)
        }
      }
    }
    return (running, closed, ended)
  }

  /// The folders that may be instances'.
  static func names(below folder: FilePath) -> [String] {
    guard let handle = folder.withPlatformString({ opendir($0) }) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while names.count < maximumListed, let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: 1) {
          String(platformString: $0)
        }
      }
      if isValid(name) { names.append(name) }
    }
    return names.sorted()
  }
}
