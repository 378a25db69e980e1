public import HotReload
import Synchronization
import WorkspaceFiles

/// Makes the manifest of a workspace's assets, as part of the transactions that bring them into force.
///
/// ```swift
/// let assets = try await manager.register(AssetBuilder(), for: [.assets])
/// let url = assets.current.url(for: "app.css")
/// ```
///
/// A reference that leads nowhere is one of the manifest's problems and refuses nothing: half of a change may have been saved.
public final class AssetBuilder: ReloadParticipant {
  /// What it makes.
  public typealias Product = AssetManifest

  private let cache: AssetCache?
  /// What was made last, from which the next one is made.
  private let last = Mutex(AssetManifest())
  /// What is in force and not written for other programs yet.
  private let unwritten = Mutex<AssetManifest?>(nil)

  /// Creates a builder.
  /// - Parameter cache: is told which assets are in force, so that it keeps the compressed forms of no others.
  public init(cache: AssetCache? = nil) {
    self.cache = cache
  }

  /// Makes the manifest of the files that are about to come into force.
  /// - Throws: `BlockingExecutorError` if too much work waits for a thread.
  public func prepare(_ change: ReloadChange) async throws -> AssetManifest {
    let files = change.files(of: .assets) ?? FileSet()
    let base = last.withLock { $0 }
    let manifest = try await BlockingExecutor.shared.run { base.updated(to: files) }
    last.withLock { $0 = manifest }
    return manifest
  }

  /// The first manifest is written for other programs at once; a later one when what it replaces is let go of, so that no
  /// reload waits for a disk.
  public func activate(_ product: AssetManifest, replacing old: AssetManifest?) async {
    unwritten.withLock { $0 = product }
    if old == nil { await write() }
  }

  /// Writes the manifest in force, and lets go of compressed forms that no longer belong to anything.
  public func retire(_ product: AssetManifest) async { await write() }

  private func write() async {
    let manifest = unwritten.withLock { unwritten in
      defer { unwritten = nil }
      return unwritten
    }
    if let manifest { await cache?.keep(manifest) }
  }
}
