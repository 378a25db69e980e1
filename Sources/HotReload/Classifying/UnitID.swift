public import SystemPackage

/// What is accepted or refused as one.
public enum UnitID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// A config with all its layers, by name: `app`, `sub/app`.
  case config(String)
  /// The files of a group, by the group's name.
  case files(String)
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

  /// The file group's name, if it is one.
  public var fileGroupName: String? {
    if case .files(let name) = self { name } else { nil }
  }

  /// The name that events and histories call it by, if it can be loaded.
  package var eventName: String? {
    switch self {
    case .config(let name), .files(let name): name
    case .templates, .assets: description
    case .file: nil
    }
  }

  /// `config app`, `file group tls`, `templates`, `assets` or `file data/x.bin`.
  public var description: String {
    switch self {
    case .config(let name): "config \(name)"
    case .files(let name): "file group \(name)"
    case .templates: "templates"
    case .assets: "assets"
    case .file(let path): "file \(path)"
    }
  }

  private var rank: Int {
    switch self {
    case .config: 0
    case .files: 1
    case .templates: 2
    case .assets: 3
    case .file: 4
    }
  }

  /// Configs first, by name.
  public static func < (left: UnitID, right: UnitID) -> Bool {
    switch (left, right) {
    case (.config(let first), .config(let second)): first < second
    case (.files(let first), .files(let second)): first < second
    case (.file(let first), .file(let second)): first.string < second.string
    default: left.rank < right.rank
    }
  }
}
