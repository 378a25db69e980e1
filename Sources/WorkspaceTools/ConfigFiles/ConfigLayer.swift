public import SystemPackage

/// Which file of a config this is. Later cases win over earlier ones.
public enum ConfigLayer: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// `config/NAME.EXT`, or `.NAME.EXT` at the root where there is none.
  case base
  /// `config/NAME.ENVIRONMENT.EXT`.
  case environment(String)
  /// `config/NAME@VARIANT.EXT`: what one variant of the config has otherwise than the config. Only one variant's is ever
  /// merged, and none for the config itself.
  case variant(String)
  /// `config/NAME.local.EXT`: for this machine alone, not to be shared.
  case local

  /// What tells its file from the base's: the environment's name, `local`, or `@` and the variant's name; nil for the
  /// base.
  public var suffix: String? {
    switch self {
    case .base: nil
    case .environment(let name): name
    case .variant(let name): "@\(name)"
    case .local: Self.localSuffix
    }
  }

  /// The layer that has a ``suffix``.
  public init(suffix: String?) {
    switch suffix {
    case nil: self = .base
    case Self.localSuffix?: self = .local
    case let suffix? where suffix.hasPrefix("@"): self = .variant(String(suffix.dropFirst()))
    case let suffix?: self = .environment(suffix)
    }
  }

  /// The variant's name, if it is one's overlay.
  public var variantName: String? {
    if case .variant(let name) = self { name } else { nil }
  }

  /// What stands between name and extension of the local layer.
  public static let localSuffix = "local"

  /// `base`, `local`, the environment's name, or `@` and the variant's name.
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
