public import FileWatching
public import SystemPackage
public import WorkspaceTools

/// What happened to a file.
public enum ChangeType: Sendable, Hashable {
  /// The content may differ.
  case modified
  /// There was no file at this path.
  case created
  /// There is no file at this path any more.
  case deleted
  /// The file was at `from` before.
  case renamed(from: FilePath)
  /// Too much changed below this folder to name each file.
  case subtreeChanged

  init(_ kind: FileChange.Kind) {
    switch kind {
    case .created: self = .created
    case .modified: self = .modified
    case .deleted: self = .deleted
    case .renamed(let from): self = .renamed(from: from)
    case .subtreeChanged: self = .subtreeChanged
    }
  }
}

/// Something that happened to the workspace. The values in it are the real ones: redact before showing them.
///
/// Later versions add cases, so a `switch` over it needs a `default`.
public enum ChangeEvent: Sendable, Hashable {
  /// A config has other values in force. `old` is nil for a config that is new.
  case configChanged(name: String, old: ConfigTree?, new: ConfigTree)
  /// A file changed. A touch is no change where the content is known.
  case fileChanged(path: FilePath, change: ChangeType)
  /// Other templates are in force, at these paths relative to the root. It needs somebody who is registered for
  /// ``UnitID/templates``.
  case templateChanged(paths: [FilePath])
  /// Other assets are in force, at these paths relative to the root. It needs somebody who is registered for
  /// ``UnitID/assets``.
  case assetChanged(paths: [FilePath])
  /// What is on disk for a config is not in force, and why; what was in force stays so.
  case validationFailed(name: String, errors: [ConfigDiagnostic])
  /// A config was put in force, that long after its reload began.
  case reloadCompleted(name: String, duration: Duration)
  /// A config that had been rejected is good again.
  case recovered(name: String)
  /// What was in force of a config before is so again, because the newer one did not outlive its bake, and why.
  case rolledBack(name: String, reason: String)
  /// A folder is polled, or not seen at all, because it could not be watched.
  case watchDegraded(path: FilePath, reason: WatchFailure)
  /// A folder that was degraded is watched again.
  case watchRestored(path: FilePath)
  /// Everything was compared with the file system again.
  case rescanned(WatchNotice.RescanReason)

  /// The config that it is about, if it is about one.
  public var configName: String? {
    switch self {
    case .configChanged(let name, _, _), .validationFailed(let name, _),
      .reloadCompleted(let name, _), .recovered(let name), .rolledBack(let name, _):
      name
    case .templateChanged: UnitID.templates.eventName
    case .assetChanged: UnitID.assets.eventName
    case .fileChanged, .watchDegraded, .watchRestored, .rescanned:
      nil
    }
  }
}
