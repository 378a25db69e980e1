import Foundation
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// Keeps bundles as folders, each under its digest and laid out as a workspace, so that a manager can load from them and a
/// process that starts without its fleet has what it ran before.
///
/// ```
/// FOLDER/3f2a…91/config/app.toml
/// FOLDER/3f2a…91/templates/index.mustache
/// ```
/// A folder with a digest's name is whole: it is written beside, made durable file by file, and renamed, so a process that is
/// killed, a disk that is full or a loss of power leaves no half of one. What a killed process leaves (`.new-…`, `.old-…`)
/// is removed by whoever stores or prunes next. Several processes may share a folder. Files and folders are the owner's alone
/// (0600, 0700).
///
/// All functions may be called from any task; blocking work is done off the cooperative pool.
public final class BundleFolders: Sendable {
  /// Where the folders are.
  public let root: FilePath

  /// Bundles in a folder, which is made when the first is stored.
  public init(at folder: FilePath) {
    root = folder
  }

  /// The bundles of an instance: `data/hotreload/INSTANCE/bundles`, beside its journal.
  public convenience init(of instance: String, in workspace: Workspace) {
    self.init(
      at: workspace.dataDirectory.appending("hotreload").appending(instance).appending("bundles"))
  }

  /// The folder of a bundle, if it is there with all its files and nothing else; nil if not. Reads all of it.
  ///
  /// - Throws: ``BundleError`` with the code `cancelled`.
  public func folder(of digest: BundleDigest) async throws(BundleError) -> FilePath? {
    guard digest.isSHA256 else { return nil }
    let folder = root.appending(digest.rawValue)
    return try await BundleError.blocking { () throws(BundleError) in
      BundleFolder.isWhole(folder, digest) ? folder : nil
    }
  }

  /// Reads a bundle back; nil if it is not there, or not whole.
  ///
  /// - Throws: ``BundleError`` with the code `cancelled`.
  public func bundle(_ digest: BundleDigest) async throws(BundleError) -> ContentBundle? {
    guard digest.isSHA256 else { return nil }
    let folder = root.appending(digest.rawValue)
    return try await BundleError.blocking { () throws(BundleError) in
      guard let bundle = BundleFolder.read(folder), bundle.digest == digest else { return nil }
      return bundle
    }
  }

  /// Keeps a bundle. If it is there and whole, nothing is done; if its folder lost a file or has other bytes, it is made anew.
  ///
  /// - Returns: its folder, durable when this returns.
  /// - Throws: ``BundleError``: `noSpace`, `fileSystem`, `cancelled`. No part of the bundle is left then.
  public func store(_ bundle: ContentBundle) async throws(BundleError) -> FilePath {
    let root = root
    return try await BundleError.blocking { () throws(BundleError) in
      try BundleFolderWriter(root: root).store(bundle)
    }
  }

  /// Removes all bundles but these, and what killed processes left. What cannot be removed stays until the next time.
  ///
  /// Nobody may be loading from what is removed: keep what is in force and what may come into force again.
  public func prune(keeping: Set<BundleDigest>) async {
    let root = root
    try? await BundleError.blocking { () throws(BundleError) in
      BundleFolderWriter(root: root).prune(keeping: keeping)
    }
  }
}
