public import HotReload
public import HotReloadContent
import Synchronization

extension LiveAssetChange {
  /// What each transaction changed of the assets that a registration makes, under their hashed URLs: for a site whose pages
  /// take the URLs from the manifest. What uses a changed asset, such as a stylesheet that imports it, has changed too.
  public static func withDigests(
    of assets: ParticipantRegistration<AssetManifest>
  ) -> LiveReloadOptions.AssetChanges {
    let told = ToldManifest(assets.current)
    return { reload in
      guard reload.report.units.contains(where: { $0.unit == .assets && $0.isChanged }) else {
        return []
      }
      return told.changes(to: assets.current).map { change in
        LiveAssetChange(
          path: change.path, old: change.old, url: change.url ?? change.path,
          kind: Kind(path: change.path))
      }
    }
  }
}

/// Knows which version of the assets browsers were told of last.
private final class ToldManifest: Sendable {
  private let told: Mutex<AssetManifest>

  init(_ manifest: AssetManifest) { told = Mutex(manifest) }

  func changes(to manifest: AssetManifest) -> [AssetChange] {
    let before = told.withLock { told in
      defer { told = manifest }
      return told
    }
    return manifest.changes(from: before)
  }
}
