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
  public var contentFolder: FilePath? { driver.state.withLock { $0.place } }

  /// The workspace's own files that have changed and are not in force; see
  /// ``HotReloadConfiguration/ContentMode/managed(initial:)``. In the other mode there are none.
  public func heldChanges() -> HeldChangeSequence { HeldChangeSequence(held: driver.held) }

  /// Checks what a folder has that is laid out as a workspace, as a candidate from there would be, with the types and validators of
  /// this process, and applies nothing.
  ///
  /// Participants are not asked: what they make, they make to be used.
  /// - Returns: what is wrong with each unit; empty for those that are good.
  /// - Throws: ``HotReloadError`` with the code `reentrant` or `shutDown`.
  public func check(content folder: FilePath) async throws -> [UnitID: [ConfigDiagnostic]] {
    try Reentrancy.check("check(content:)")
    return try await driver.check(in: folder)
  }
}
