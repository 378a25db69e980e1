import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// A unit as it was read: a config with all its layers, the files of a group, or all templates or assets.
///
/// Two are equal if what they say is: in a config a comment, the order of keys and a touch make no difference, in a
/// group or set of files every byte does.
enum UnitContent: TransactionContent {
  case config(LoadedConfig)
  case files(FileGroup)
  case set(FileSet)

  var config: LoadedConfig? {
    if case .config(let loaded) = self { loaded } else { nil }
  }

  var files: FileGroup? {
    if case .files(let group) = self { group } else { nil }
  }

  var set: FileSet? {
    if case .set(let set) = self { set } else { nil }
  }

  /// The files that it was read from, except for those of a set, in the order in which they count.
  var paths: [FilePath] {
    switch self {
    case .config(let loaded): loaded.layers.map(\.path)
    case .files(let group): group.files.map(\.path)
    case .set: []
    }
  }

  /// A config's value.
  var tree: ConfigTree? { config?.tree }

  /// The content of each file, except for those of a set, by path.
  var digests: [FilePath: ContentDigest] {
    switch self {
    case .config(let loaded):
      Dictionary(loaded.layers.map { ($0.path, $0.digest) }, uniquingKeysWith: { $1 })
    case .files(let group):
      Dictionary(group.files.map { ($0.path, $0.digest) }, uniquingKeysWith: { $1 })
    case .set: [:]
    }
  }

  var fingerprint: ContentDigest {
    switch self {
    case .config(let loaded): loaded.fingerprint
    case .files(let group):
      ContentDigest(of: Array(group.files.map { "\($0.digest) \($0.path)\n" }.joined().utf8))
    case .set(let set): set.fingerprint
    }
  }

  static func == (left: UnitContent, right: UnitContent) -> Bool {
    switch (left, right) {
    case (.config(let first), .config(let second)): first.saysTheSame(as: second)
    case (.files(let first), .files(let second)): first == second
    case (.set(let first), .set(let second)): first == second
    default: false
    }
  }
}

/// What loading a unit comes to.
typealias UnitLoadResult = TransactionMachine<UnitContent>.LoadResult

/// Where configs come from.
protocol ConfigSource: Sendable {
  /// Reads and merges all layers. Blocks.
  func load(_ name: String) -> UnitLoadResult
  /// Reads these files as they were at one moment. Blocks.
  func load(_ files: [FilePath], as name: String) -> UnitLoadResult
  /// Whether the folder that it reads from has any of these files; false for the workspace itself. Blocks.
  func brings(_ files: [FilePath]) -> Bool
  /// Every config that is to be loaded without anybody asking for it. Blocks.
  func names() throws -> [String]
  /// Every file that the config may come from, relative to the root, whether it exists or not.
  func candidates(for name: String) -> [FilePath]
  /// The config that a file belongs to, if it is one's.
  func configName(of path: FilePath) -> String?
  /// The same, with its files in a folder that is laid out as the workspace; nil for the workspace itself.
  func reading(from folder: FilePath?) -> any ConfigSource
}
