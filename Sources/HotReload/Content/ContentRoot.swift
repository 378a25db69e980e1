import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Where units lie: in the workspace, or in a folder that is laid out as one.
enum ContentRoot: Sendable, Hashable {
  /// The workspace's own files.
  case workspace
  /// A folder, by its absolute path.
  case folder(FilePath)

  /// The folder; nil for the workspace.
  var folder: FilePath? {
    if case .folder(let path) = self { path } else { nil }
  }

  /// Why nothing can be loaded from there; nil if it can. Blocks.
  var failure: ConfigDiagnostic? {
    guard let folder, !SystemCalls.isDirectory(folder) else { return nil }
    return ConfigDiagnostic(
      location: nil,
      message: "there is no folder \(folder), from which the content is to be loaded")
  }
}

/// What is known of units that were loaded, beside their contents.
struct LoadFacts: Sendable, Equatable {
  /// The units that are not of the folder that all others were loaded from: their files are each machine's own.
  var own: Set<UnitID> = []
  /// The units that streams have values of.
  var needed: Set<UnitID> = []
  /// Why nothing can be said of the root as a whole; nil if it could be read.
  var failure: ConfigDiagnostic?
}
