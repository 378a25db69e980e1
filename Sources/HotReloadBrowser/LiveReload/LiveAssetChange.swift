public import HotReload

/// An asset of which pages are to load another version.
public struct LiveAssetChange: Sendable, Hashable {
  /// What a page does with it.
  public enum Kind: Sendable, Hashable {
    /// A stylesheet: swapped in place.
    case style
    /// An image: swapped in place.
    case image
    /// A script: pages that use it are loaded anew.
    case script
    /// A font, a document and the like: pages that use it are made anew.
    case other

    /// The kind by the extension of a path.
    public init(path: String) {
      let name = path.split(separator: "/").last ?? ""
      let end = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
      switch end {
      case "css": self = .style
      case "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp": self = .image
      case "js", "mjs", "wasm": self = .script
      default: self = .other
      }
    }
  }

  /// The URL path without a digest: `/static/app.css`.
  public var path: String
  /// The URL path with its digest before; nil if there was none.
  public var old: String?
  /// What to load now.
  public var url: String
  /// What a page does with it.
  public var kind: Kind

  /// Creates a change.
  public init(path: String, old: String? = nil, url: String, kind: Kind) {
    self.path = path
    self.old = old
    self.url = url
    self.kind = kind
  }

  /// The changed assets of a transaction under URLs that are their paths, with the generation as a query so that no cache
  /// answers: for a site whose URLs have no digests.
  public static func withoutDigests(_ reload: CompletedReload) -> [LiveAssetChange] {
    reload.events.flatMap { published -> [LiveAssetChange] in
      guard case .assetChanged(let paths) = published.event else { return [] }
      return paths.map { path in
        let url = "/" + path.string
        return LiveAssetChange(
          path: url, url: "\(url)?v=\(published.generation)", kind: Kind(path: url))
      }
    }
  }
}
