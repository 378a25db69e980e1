public import SystemPackage
public import WorkspaceTools

extension HotReloadConfiguration {
  /// Where what is in force comes from.
  public enum ContentMode: Sendable, Hashable {
    /// The workspace's own files, as they change.
    case workspace
    /// What candidates bring by their ``Candidate/content``, such as those of a fleet. Until the first one it is the initial folder, which is
    /// laid out as a workspace, or without one the workspace's own files as they are at the start. Edits of the workspace's own
    /// configs, templates and assets are told by ``HotReloadManager/heldChanges()``, and not applied; file groups that the
    /// folder in force has nothing of are the workspace's, as ever.
    ///
    /// ``atomicGroups`` must be ``AtomicGroups/all``.
    case managed(initial: FilePath?)

    var initialFolder: FilePath? {
      if case .managed(let folder) = self { folder } else { nil }
    }
  }
}

extension HotReloadManager {
  /// The folder that what is in force comes from; nil for the workspace itself.
  public var contentFolder: FilePath? { driver.contentRoot.folder }

  /// The same, or the workspace's root.
  public var contentRoot: FilePath { contentFolder ?? workspace.root }

  /// The workspace's own files that have changed and are not in force; see
  /// ``HotReloadConfiguration/ContentMode/managed(initial:)``. In the other mode there are none.
  public func heldChanges() -> HeldChangeSequence { HeldChangeSequence(held: driver.held) }

  /// Checks what a folder has that is laid out as a workspace, as a candidate from there would be, with the types and validators of
  /// this process and ``ReloadParticipant/check(_:)`` of its participants, and applies nothing.
  ///
  /// A config that is in force, that the folder does not have and that nobody uses would go, and is not named.
  /// - Returns: what is wrong with each unit; empty for those that are good.
  /// - Throws: ``HotReloadError`` with the code `noContent` if there is no such folder or it cannot be listed, `reentrant` or
  ///   `shutDown`.
  public func check(content folder: FilePath) async throws -> [UnitID: [ConfigDiagnostic]] {
    try Reentrancy.check("check(content:)")
    return try await driver.check(in: folder)
  }

  /// Refuses content from elsewhere where the workspace's own files come into force as they change.
  func checkContent(of candidate: Candidate) throws(HotReloadError) {
    guard case .folder(let folder) = candidate.content else { return }
    guard folder.isAbsolute else {
      throw HotReloadError(
        code: .invalidConfiguration,
        message: "the content's folder \(folder) is not an absolute path")
    }
    guard configuration.contentMode == .workspace else { return }
    throw HotReloadError(
      code: .invalidConfiguration,
      message: "\(folder) cannot come into force, because the workspace's own files do as they "
        + "change; start the manager with contentMode .managed")
  }
}

extension HotReloadError {
  static func noContent(_ reason: ConfigDiagnostic) -> HotReloadError {
    HotReloadError(code: .noContent, message: reason.message)
  }
}
