/// What became of an asset between two manifests.
public struct AssetChange: Sendable, Hashable {
  /// The URL path without a digest: `/static/app.css`.
  public let path: String
  /// The hashed URL path before; nil if it is new.
  public let old: String?
  /// The hashed URL path now; nil if it is gone.
  public let url: String?
  /// What a browser does with it.
  public let kind: AssetKind
}
