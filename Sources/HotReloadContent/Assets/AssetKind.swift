/// What a browser does with an asset, as far as reloading is concerned.
public enum AssetKind: String, Sendable, Hashable, CaseIterable {
  /// A stylesheet: it is replaced in place.
  case style
  /// A picture: it is replaced in place.
  case image
  /// A script: pages that use it are loaded anew.
  case script
  /// Anything else, such as a font or a source map.
  case other

  /// The kind of a file, by its ending.
  public init(path: String) {
    switch ContentType.ending(of: path) {
    case "css": self = .style
    case "js", "mjs", "cjs": self = .script
    case let ending:
      self = ContentType.ofEnding[ending]?.hasPrefix("image/") == true ? .image : .other
    }
  }
}
