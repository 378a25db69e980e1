import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// A config as it was read: all layers merged, and which files they came from.
///
/// Two are equal if their values are: a comment, the order of keys and a touch make no difference.
struct ConfigContent: Sendable, Equatable {
  var loaded: LoadedConfig

  var tree: ConfigTree { loaded.tree }

  /// The content of each file, by path.
  var digests: [FilePath: ContentDigest] {
    Dictionary(loaded.layers.map { ($0.path, $0.digest) }, uniquingKeysWith: { $1 })
  }

  static func == (left: ConfigContent, right: ConfigContent) -> Bool {
    left.tree == right.tree
  }
}

/// What loading a config comes to.
typealias ConfigLoadResult = TransactionMachine<ConfigContent>.LoadResult

/// Where configs come from.
protocol ConfigSource: Sendable {
  /// Reads and merges all layers. Blocks.
  func load(_ name: String) -> ConfigLoadResult
  /// Every config that is to be loaded without anybody asking for it. Blocks.
  func names() throws -> [String]
  /// Every file that the config may come from, relative to the root, whether it exists or not.
  func candidates(for name: String) -> [FilePath]
  /// The config that a file belongs to, if it is one's.
  func configName(of path: FilePath) -> String?
}
