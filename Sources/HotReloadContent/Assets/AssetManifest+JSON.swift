import HotReload
public import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The form in which a manifest is a file:
///
/// ```json
/// {
///   "hotreload-assets": 1,
///   "assets": {
///     "static/app.css": {
///       "url": "/static/app.0123456789abcdef.css", "digest": "…32 digits…", "source": "…", "size": 1234
///     }
///   }
/// }
/// ```
extension AssetManifest {
  /// The member by which a file of ours is known.
  static let marker = BuiltManifest.marker
  /// The version of its form.
  static let version: Int64 = 1

  /// The manifest as JSON, the same for the same assets.
  public func json() -> [UInt8] {
    var list = ConfigTable()
    for path in assets.keys.sorted() {
      guard let asset = assets[path] else { continue }
      var entry = ConfigTable()
      entry["url"] = ConfigTree(.string(asset.hashedURLPath))
      entry["digest"] = ConfigTree(.string(asset.digest.description))
      entry["source"] = ConfigTree(.string(asset.sourceDigest.description))
      entry["size"] = ConfigTree(.integer(Int64(asset.size)))
      list[path] = ConfigTree(entry)
    }
    var document = ConfigTable()
    document[Self.marker] = ConfigTree(.integer(Self.version))
    document["assets"] = ConfigTree(list)
    // A tree of texts and whole numbers always has a form in JSON.
    return (try? ConfigFormat.json.serialize(ConfigTree(document))) ?? []
  }

  /// The manifest that ``AssetBuild`` wrote: it answers ``url(for:)`` and looks at no asset. Blocks.
  /// - Parameter path: such as `static/manifest.json` of the workspace.
  /// - Throws: `StableReadError` if it cannot be read; `ConfigDiagnostic` with the place if it is no such manifest.
  public static func load(_ path: FilePath) throws -> AssetManifest {
    let file = try readStably(path, limit: ConfigFormat.json.maximumDocumentSize)
    return try parse(file.bytes, file: path.string)
  }

  static func parse(_ bytes: [UInt8], file: String) throws(ConfigDiagnostic) -> AssetManifest {
    let tree = try ConfigFormat.json.parse(bytes, file: file)
    guard case .integer(version)? = tree.table?[marker]?.value else {
      throw ConfigDiagnostic(
        location: tree.location,
        message:
          "this is no manifest of assets of version \(version); make it with \"hotreload assets build\""
      )
    }
    var assets: [Asset] = []
    for entry in tree.table?["assets"]?.table ?? ConfigTable() {
      let fields = entry.value.table
      guard let url = fields?["url"]?.string,
        let digest = fields?["digest"]?.string.flatMap({ ContentDigest($0) }),
        let source = fields?["source"]?.string.flatMap({ ContentDigest($0) }),
        case .integer(let size)? = fields?["size"]?.value, size >= 0,
        let asset = Asset(
          path: entry.key, digest: digest, sourceDigest: source, size: Int(size), url: url)
      else {
        throw ConfigDiagnostic(
          location: entry.value.location ?? entry.keyLocation, keyPath: entry.key,
          message: "expected url, digest, source and size, the digest in the url")
      }
      assets.append(asset)
    }
    return AssetManifest(loaded: assets)
  }
}

extension Asset {
  /// An asset that a manifest tells of; nil if its URL is not the one that it must have.
  fileprivate init?(
    path: String, digest: ContentDigest, sourceDigest: ContentDigest, size: Int, url: String
  ) {
    self.init(
      path: path, digest: digest, sourceDigest: sourceDigest, bytes: nil, size: size, stamp: nil)
    guard hashedURLPath == url else { return nil }
  }
}
