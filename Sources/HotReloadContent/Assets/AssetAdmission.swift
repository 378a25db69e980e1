import SystemPackage
import WorkspaceTools

/// Whether a file can be an asset, by its name and by where it leads.
enum AssetAdmission {
  /// It can, under this name.
  case admitted(String)
  /// It has a name that is never served.
  case denied
  /// It cannot, for a reason that somebody should know. It has no name if that is not UTF-8.
  case unusable(String?, ConfigDiagnostic)

  /// - Parameter target: where a link leads, relative to the root; nil for what is no link.
  init(of path: FilePath, leadingTo target: FilePath?) {
    guard let name = path.withPlatformString({ String(validatingCString: $0) }) else {
      self = .unusable(nil, Self.problem(path.string, "the name is not UTF-8; rename it"))
      return
    }
    guard !DeniedName.isIn(name) else {
      self = .denied
      return
    }
    // No request for them is answered: see `RequestPath`.
    if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
      let reason =
        "a name with a backslash, line end, tab or the like cannot be asked for; rename it"
      self = .unusable(name, Self.problem(name, reason))
    } else if let target, DeniedName.isInTarget(target) {
      let reason =
        "the link leads to \(target), which is never served; remove it, or have it lead elsewhere"
      self = .unusable(name, Self.problem(name, reason))
    } else {
      self = .admitted(name)
    }
  }

  private static func problem(_ file: String, _ reason: String) -> ConfigDiagnostic {
    ConfigDiagnostic(location: SourceLocation(source: file), message: reason)
  }
}
