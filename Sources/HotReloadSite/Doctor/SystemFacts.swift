package import SystemPackage

/// All that the checks of `hotreload doctor` go by: what was seen of the machine and of the workspace. A value, so that
/// every check can be asked about machines that are not there. Nil is what could not be found out.
package struct SystemFacts: Sendable, Hashable {
  /// The limits of the kernel's notifications, and what of them is used by this user's processes.
  package struct Inotify: Sendable, Hashable {
    package var maximumWatches: Int
    package var maximumInstances: Int
    package var maximumQueuedEvents: Int
    package var usedWatches = 0
    package var usedInstances = 0
  }

  /// A folder that lies on another file system than the one above it, or the root.
  package struct FileSystem: Sendable, Hashable {
    /// Relative to the root; empty for the root.
    package var path: FilePath
    /// As `mount` calls it: `nfs4`.
    package var type: String
    /// Whether the kernel does not hear of changes made elsewhere.
    package var isRemote: Bool
    package var isReadOnly = false
    /// Where it is mounted; absolute.
    package var mountPoint: FilePath?
    /// What of the workspace lies on it and would be polled.
    package var files = 0
  }

  /// A single file that is mounted.
  package struct BoundFile: Sendable, Hashable {
    /// Relative to the root.
    package var path: FilePath
    /// Where it is on the file system it comes from.
    package var source: FilePath
  }

  /// A file or folder that this user cannot use.
  package struct Denied: Sendable, Hashable {
    /// Relative to the root.
    package var path: FilePath
    package var isFolder: Bool
  }

  /// A symbolic link and where it leads.
  package struct Link: Sendable, Hashable {
    /// Relative to the root.
    package var path: FilePath
    /// Absolute, with all links resolved.
    package var target: FilePath
  }

  /// What was seen below the root of what is watched.
  package struct Tree: Sendable, Hashable {
    package var folders = 0
    package var files = 0
    /// Whether there was more than the doctor looks at.
    package var isCut = false
    package var denied: [Denied] = []
    package var linksOut: [Link] = []
    /// Names in one folder that differ in upper and lower case only.
    package var collisions: [[FilePath]] = []
    /// What of `secret/` everybody on this machine may read, or write.
    package var openSecrets: [FilePath] = []
  }

  /// A process.
  package struct Process: Sendable, Hashable {
    package var identifier: Int
    package var command: String
  }

  /// Who listens on the port.
  package struct Port: Sendable, Hashable {
    package var number: Int
    package var isTaken: Bool
    /// Those that this user may see.
    package var owners: [Process] = []
    /// The user identifier of the listening socket.
    package var user: Int?
    /// The nearest higher port on which nobody listens.
    package var free: Int?
  }

  /// Where the journal is kept.
  package struct Storage: Sendable, Hashable {
    /// The folder `data`, or the nearest one above that there is; absolute.
    package var path: FilePath
    package var isWritable: Bool
    package var isReadOnly: Bool
    package var owner: Int
    package var freeBytes: Int64
    /// Zero where the file system has no such limit.
    package var totalInodes: Int64
    package var freeInodes: Int64
  }

  /// How fine the times of files are.
  package enum Granularity: Sendable, Hashable {
    /// The smallest difference seen between the times of two writes, in nanoseconds.
    case atMost(Int64)
    /// Writes of this many nanoseconds all had one time.
    case moreThan(Int64)
  }

  /// How many files may be open at once.
  package struct Descriptors: Sendable, Hashable {
    package var soft: Int
    package var hard: Int
  }

  /// A config that cannot be loaded.
  package struct BadConfig: Sendable, Hashable {
    package var name: String
    package var message: String
    /// The files that all claim to be the same layer.
    package var rivals: [FilePath] = []
  }

  /// A socket of an instance that has ended.
  package struct Remains: Sendable, Hashable {
    package var instance: String
    /// Relative to the root.
    package var socket: FilePath
  }

  /// Absolute.
  package var root: FilePath
  /// Who asks.
  package var user: Int
  package var inotify: Inotify?
  package var tree = Tree()
  package var fileSystems: [FileSystem] = []
  package var boundFiles: [BoundFile] = []
  package var port: Port?
  package var descriptors: Descriptors?
  package var storage: Storage?
  package var granularity: Granularity?
  package var configs = 0
  package var badConfigs: [BadConfig] = []
  package var settingsProblem: String?
  package var remains: [Remains] = []
  /// Time between two scans of what is polled, in milliseconds.
  package var pollMilliseconds: Int64 = 1_000

  package init(root: FilePath, user: Int) {
    self.root = root
    self.user = user
  }
}
