/// Where the bundles of a fleet are in its store.
///
/// ```
/// PREFIX/bundles/manifests/DIGEST       the list of the bundle's files, from which its digest is made: it is there, whole
/// PREFIX/bundles/files/SHA256/NUMBER    a piece of a file's content, of 1 MiB at most; shared by all bundles with that file
/// PREFIX/bundles/lists/DIGEST           a list that no manifest stands for: files of a bundle that comes or goes
/// PREFIX/bundles/stages/DIGEST          which of the two
/// PREFIX/bundles/fence                  written by everything that makes a manifest, or removes anything
/// ```
/// They come before all other keys of the fleet, and ``all`` begins behind them: who follows a rollout gets no content.
extension FleetKeys {
  /// The manifest of a bundle. As long as it is present, ``FleetStore/bundle(_:under:)`` gives the bundle: what names one in the store
  /// is committed under the condition that this key is present.
  public func bundle(_ digest: BundleDigest) -> StoreKey {
    StoreKey("\(prefix)/bundles/manifests/\(digest)")
  }

  /// All that has to do with bundles.
  var bundles: StoreRange { .prefix(StoreKey("\(prefix)/bundles/")) }
  var manifests: StoreKey { StoreKey("\(prefix)/bundles/manifests/") }
  var lists: StoreKey { StoreKey("\(prefix)/bundles/lists/") }
  var bundleFence: StoreKey { StoreKey("\(prefix)/bundles/fence") }

  func list(of digest: BundleDigest) -> StoreKey { lists.appending(digest.rawValue) }
  func stage(of digest: BundleDigest) -> StoreKey {
    StoreKey("\(prefix)/bundles/stages/\(digest)")
  }

  /// A piece of a file.
  func piece(_ piece: BundlePiece) -> StoreKey {
    StoreKey("\(prefix)/bundles/files/\(piece.sha256)/\(piece.number)")
  }
}

/// What is being done with files that no manifest stands for.
enum BundleStage {
  /// Somebody puts them there, and then the manifest.
  static let coming = Array("coming".utf8)
  /// Somebody takes them away.
  static let going = Array("going".utf8)
}
