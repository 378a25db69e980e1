import SystemPackage

/// All that the checks of `hotreload doctor` go by: what was seen of the machine and of the workspace. A value, so that
/// every check can be asked about machines that are not there. Nil is what could not be found out.
struct SystemFacts: Sendable, Hashable {
  /// The limits of the kernel's notifications, and what of them is used by this user's processes.
  struct Inotify: Sendable, Hashable {
    var maximumWatches: Int
    var maximumInstances: Int
    var maximumQueuedEvents: Int
    var usedWatches = 0
    var usedInstances = 0
  }

  /// A folder that lies on another file system than the one above it, or the root.
  struct FileSystem: Sendable, Hashable {
    /// Relative to the root; empty for the root.
    var path: FilePath
    /// As `mount` calls it: `nfs4`.
    var type: String
    /// Whether the kernel does not hear of changes made elsewhere.
    var isRemote: Bool
    var isReadOnly = false
    /// Where it is mounted; absolute.
    var mountPoint: FilePath?
    /// What of the workspace lies on it and would be polled.
    var files = 0
  }

  /// A single file that is mounted.
  struct BoundFile: Sendable, Hashable {
    /// Relative to the root.
    var path: FilePath
    /// Where it is on the file system it comes from.
    var source: FilePath
  }

  /// A file or folder that this user cannot use.
  struct Denied: Sendable, Hashable {
    /// Relative to the root.
    var path: FilePath
    var isFolder: Bool
  }

  /// A symbolic link and where it leads.
  struct Link: Sendable, Hashable {
    /// Relative to the root.
    var path: FilePath
    /// Absolute, with all links resolved.
    var target: FilePath
  }

  /// What was seen below the root of what is watched.
  struct Tree: Sendable, Hashable {
    var folders = 0
    var files = 0
    /// Whether there was more than the doctor looks at.
    var isCut = false
    var denied: [Denied] = []
    var linksOut: [Link] = []
    /// Names in one folder that differ in upper and lower case only.
    var collisions: [[FilePath]] = []
    /// What of `secret/` everybody on this machine may read, or write.
    var openSecrets: [FilePath] = []
  }

  /// A process.
  struct Process: Sendable, Hashable {
    var identifier: Int
    var command: String
  }

  /// Who listens on the port.
  struct Port: Sendable, Hashable {
    var number: Int
    var isTaken: Bool
    /// Those that this user may see.
    var owners: [Process] = []
    /// The user identifier of the listening socket.
    var user: Int?
    /// The nearest higher port on which nobody listens.
    var free: Int?
  }

  /// Where the journal is kept.
  struct Storage: Sendable, Hashable {
    /// The folder `data`, or the nearest one above that there is; absolute.
    var path: FilePath
    var isWritable: Bool
    var isReadOnly: Bool
    var owner: Int
    var freeBytes: Int64
    /// Zero where the file system has no such limit.
    var totalInodes: Int64
    var freeInodes: Int64
  }

  /// How fine the times of files are.
  enum Granularity: Sendable, Hashable {
    /// The smallest difference seen between the times of two writes, in nanoseconds.
    case atMost(Int64)
    /// Writes of this many nanoseconds all had one time.
    case moreThan(Int64)
  }

  /// How many files may be open at once.
  struct Descriptors: Sendable, Hashable {
    var soft: Int
    var hard: Int
  }

  /// A config that cannot be loaded.
  struct BadConfig: Sendable, Hashable {
    var name: String
    var message: String
    /// The files that all claim to be the same layer.
    var rivals: [FilePath] = []
  }

  /// A socket of an instance that has ended.
  struct Remains: Sendable, Hashable {
    var instance: String
    /// Relative to the root.
    var socket: FilePath
  }

  /// Absolute.
  var root: FilePath
  /// Who asks.
  var user: Int
  var inotify: Inotify?
  var tree = Tree()
  var fileSystems: [FileSystem] = []
  var boundFiles: [BoundFile] = []
  var port: Port?
  var descriptors: Descriptors?
  var storage: Storage?
  var granularity: Granularity?
  var configs = 0
  var badConfigs: [BadConfig] = []
  var settingsProblem: String?
  var remains: [Remains] = []
  /// Time between two scans of what is polled, in milliseconds.
  var pollMilliseconds: Int64 = 1_000

  init(root: FilePath, user: Int) {
    self.root = root
    self.user = user
  }
}
