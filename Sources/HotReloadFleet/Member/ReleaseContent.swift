import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Has the content of releases as folders of this machine: those that are there already, what came along with a proposal, and what
/// the store has.
final class ReleaseContent: Sendable {
  private let folders: BundleFolders
  private let store: any FleetStore
  private let keys: FleetKeys
  /// What came along with the newest proposal, as it came; nil if there is a folder of it already.
  private let carried = Mutex<[UInt8]?>(nil)
  private let arrived = ChangeSignal()
  /// The folder that was looked at last, and had all that it should. The lock is taken by threads that may block, and held while a
  /// folder is read or written: nobody writes what another one is writing.
  private let checked = Mutex<(digest: BundleDigest, folder: FilePath)?>(nil)

  init(_ folders: BundleFolders, _ store: any FleetStore, _ keys: FleetKeys) {
    self.folders = folders
    self.store = store
    self.keys = keys
  }

  /// Takes content that came along with a proposal. What is no bundle is passed over: who needs its digest gets it from the
  /// store.
  func offer(_ encoded: [UInt8]) {
    carried.withLock { $0 = encoded }
    arrived.ring()
  }

  /// Makes folders of what is offered before anybody asks for them, until the task is cancelled.
  func prepareOffers() async {
    while !Task.isCancelled {
      let count = arrived.count
      try? await BlockingExecutor.shared.run { [self] in checked.withLock { keepCarried(&$0) } }
      await arrived.wait(after: count)
    }
  }

  /// The folder of a bundle, which is fetched if it is not here. That it has all of the bundle is checked, unless it was the last
  /// to be: what was validated is applied soon after.
  func folder(of digest: BundleDigest) async throws -> FilePath {
    let found = try await BlockingExecutor.shared.run { [self] in
      checked.withLock { look(for: digest, &$0) }
    }
    if let found { return found }
    guard let bundle = try await store.bundle(digest, under: keys) else {
      throw FleetError.contentMissing(digest)
    }
    return try await BlockingExecutor.shared.run { [self] in
      try checked.withLock { try keep(bundle, &$0) }
    }
  }

  /// Removes all folders but these.
  func prune(keeping: Set<BundleDigest>) async {
    try? await BlockingExecutor.shared.run { [self] in
      checked.withLock { checked in
        if let digest = checked?.digest, !keeping.contains(digest) { checked = nil }
        BundleFolderWriter(root: folders.root).prune(keeping: keeping)
      }
    }
  }

  private func look(
    for digest: BundleDigest, _ checked: inout (digest: BundleDigest, folder: FilePath)?
  ) -> FilePath? {
    keepCarried(&checked)
    if let checked, checked.digest == digest, SystemCalls.isFolder(checked.folder) {
      return checked.folder
    }
    let folder = folders.root.appending(digest.rawValue)
    guard digest.isSHA256, BundleFolder.isWhole(folder, digest) else { return nil }
    checked = (digest, folder)
    return folder
  }

  private func keepCarried(_ checked: inout (digest: BundleDigest, folder: FilePath)?) {
    guard let encoded = carried.withLock({ $0.take() }),
      let bundle = try? ContentBundle(decoding: encoded)
    else { return }
    // If there is no room for it now, whoever needs it is told.
    _ = try? keep(bundle, &checked)
  }

  private func keep(
    _ bundle: ContentBundle, _ checked: inout (digest: BundleDigest, folder: FilePath)?
  ) throws(BundleError) -> FilePath {
    let folder = try BundleFolderWriter(root: folders.root).store(bundle)
    checked = (bundle.digest, folder)
    return folder
  }
}
