public import SystemPackage

/// What is accepted or refused as one.
public enum UnitID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// A config with all its layers, by name: `app`, `sub/app`.
  case config(String)
  /// All templates.
  case templates
  /// All assets.
  case assets
  /// A file that belongs to none of the others, relative to the root.
  case file(FilePath)

  /// The config's name, if it is one.
  public var configName: String? {
    if case .config(let name) = self { name } else { nil }
  }

  /// `config app`, `templates`, `assets` or `file data/x.bin`.
  public var description: String {
    switch self {
    case .config(let name): "config \(name)"
    case .templates: "templates"
    case .assets: "assets"
    case .file(let path): "file \(path)"
    }
  }

  private var rank: Int {
    switch self {
    case .config: 0
    case .templates: 1
    case .assets: 2
    case .file: 3
    }
  }

  /// Configs first, by name.
  public static func < (left: UnitID, right: UnitID) -> Bool {
    switch (left, right) {
    case (.config(let first), .config(let second)): first < second
    case (.file(let first), .file(let second)): first.string < second.string
    default: left.rank < right.rank
    }
  }
}
