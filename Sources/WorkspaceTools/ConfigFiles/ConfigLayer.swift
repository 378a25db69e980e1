public import SystemPackage

/// Which file of a config this is. Later cases win over earlier ones.
public enum ConfigLayer: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// `config/NAME.EXT`, or `.NAME.EXT` at the root where there is none.
  case base
  /// `config/NAME.ENVIRONMENT.EXT`.
  case environment(String)
  /// `config/NAME.local.EXT`: for this machine alone, not to be shared.
  case local

  /// What stands between name and extension; nil for the base.
  public var suffix: String? {
    switch self {
    case .base: nil
    case .environment(let name): name
    case .local: Self.localSuffix
    }
  }

  /// What stands between name and extension of the local layer.
  public static let localSuffix = "local"

  /// `base`, `local`, or the environment's name.
  public var description: String { suffix ?? "base" }
}

/// A file that a config may come from, whether it exists or not.
public struct ConfigCandidate: Sendable, Hashable {
  /// Where it would be, relative to the workspace's root.
  public var path: FilePath
  /// Which layer it would be.
  public var layer: ConfigLayer
  /// What its extension says it holds.
  public var format: ConfigFormat
  /// Whether this is `.NAME.EXT` at the root, which counts only while no other base exists.
  public var isFallback: Bool

  /// Creates a candidate.
  public init(
    path: FilePath, layer: ConfigLayer, format: ConfigFormat, isFallback: Bool = false
  ) {
    self.path = path
    self.layer = layer
    self.format = format
    self.isFallback = isFallback
  }
}
