public import HotReload
import HashTreeCollections
import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// All assets of a site and the URLs under which they are served: a value that never changes.
///
/// A file `static/app.css` is served at `/static/app.css`, and at `/static/app.DIGEST.css`, where the digest is that of what is
/// served; files of `assets/` likewise. A reference from a stylesheet (`url()`, `@import`, a source map) or a script (its source
/// map) to another asset is rewritten to its hashed name, so the digest of a stylesheet changes when a picture in it does, and
/// both names give the same bytes. That it is so under the plain name too is what makes live reload work: a page whose `<link>` is
/// loaded anew under any name gets the new picture, and not the one that the browser keeps in memory. Stylesheets that import each
/// other in a circle share their fate: a change of one changes the digest of all.
///
/// Files whose names are never served (``DeniedName``) are no assets. Nor are links that lead to such files, and files whose names no
/// request can have; these two are ``problems``. A new version shares with the one before all that is the same.
public struct AssetManifest: ProblemReporting {
  /// What a URL path leads to.
  public enum Lookup: Sendable {
    /// An asset by its plain name: it may be another one the next time.
    case plain(Asset)
    /// An asset by its hashed name: it will always be this one.
    case hashed(Asset)
    /// A hashed name of an asset that has another digest now: this one.
    case gone(Asset)
    /// Nothing of ours.
    case none
  }

  /// By path.
  private(set) var assets: TreeDictionary<String, Asset> = [:]
  /// By path; none if the manifest was loaded.
  private(set) var sources: TreeDictionary<String, AssetSource> = [:]
  /// Who refers to a path, be there a file or not.
  private(set) var referrers: TreeDictionary<String, Set<String>> = [:]
  private var broken: TreeDictionary<String, [ConfigDiagnostic]> = [:]
  /// Files that are there and are no assets, and why.
  private var leftOut: TreeDictionary<FilePath, ConfigDiagnostic> = [:]
  private var files = FileSet()

  /// A manifest without assets.
  public init() {}

  /// The assets of these files. Takes some nanoseconds a byte of the stylesheets; call it where blocking is allowed.
  public init(_ files: FileSet) {
    self = AssetManifest().updated(to: files)
  }

  /// A manifest whose assets are known, and not their files.
  init(loaded: [Asset]) {
    for asset in loaded { assets[asset.path] = asset }
  }

  /// How many assets there are.
  public var count: Int { assets.count }

  /// The assets, in no order that means anything.
  public var all: some Sequence<Asset> & Sendable { assets.values }

  /// The asset of a file, by its path relative to the workspace's root.
  public subscript(path: String) -> Asset? { assets[path] }

  /// The assets that refer to one, directly or through others, sorted; they change with it. None if the manifest was loaded.
  public func dependents(of path: String) -> [String] {
    affected(by: [path]).subtracting([path]).sorted()
  }

  /// References that lead nowhere and files that were left out, sorted by place. They refuse nothing, and are reasons why the
  /// status of a manager with this manifest in force is degraded.
  public var problems: [ConfigDiagnostic] {
    files.problems + leftOut.values.sorted { $0.description < $1.description }
      + broken.keys.sorted().flatMap { broken[$0] ?? [] }
  }

  /// What a URL path leads to.
  /// - Parameter path: decoded and normalised, with or without the slash in front: `/static/my app.css`.
  public func asset(atURLPath path: String) -> Lookup {
    let path = path.hasPrefix("/") ? String(path.dropFirst()) : path
    if let asset = assets[path] { return .plain(asset) }
    var newer: Asset?
    for candidate in Asset.unhashed(path) {
      guard let asset = assets[candidate.path] else { continue }
      if Asset.digits(asset.digest) == candidate.digits { return .hashed(asset) }
      newer = newer ?? asset
    }
    return newer.map { .gone($0) } ?? .none
  }

  /// The manifest of another version of the files: only what changed, and what refers to it, is looked at.
  public func updated(to files: FileSet) -> AssetManifest {
    var next = self
    next.files = files
    var changed: Set<String> = []
    for path in files.differences(from: self.files) {
      if !next.leftOut.isEmpty { next.leftOut[path] = nil }
      let file = files[path]
      switch AssetAdmission(of: path, leadingTo: file?.linkTarget) {
      case .denied: continue
      case .unusable(let name, let reason):
        if file != nil { next.leftOut[path] = reason }
        guard let name, sources[name] != nil else { continue }
        changed.insert(name)
        next.replaceSource(at: name, with: nil)
      case .admitted(let name):
        changed.insert(name)
        next.replaceSource(at: name, with: file)
      }
    }
    guard !changed.isEmpty else { return next }
    next.compile(next.affected(by: changed))
    return next
  }

  private mutating func replaceSource(at path: String, with file: FileSet.File?) {
    for target in sources[path]?.targets ?? [] {
      referrers[target]?.remove(path)
      if referrers[target]?.isEmpty == true { referrers[target] = nil }
    }
    let source = file.map { AssetSource($0, at: path) }
    sources[path] = source
    for target in source?.targets ?? [] { referrers[target, default: []].insert(path) }
  }

  /// These paths and all that refer to them, at any number of steps.
  private func affected(by paths: Set<String>) -> Set<String> {
    var affected = paths
    var pending = Array(paths)
    while let path = pending.popLast() {
      for referrer in referrers[path] ?? [] where affected.insert(referrer).inserted {
        pending.append(referrer)
      }
    }
    return affected
  }

  private mutating func compile(_ paths: Set<String>) {
    for path in paths {
      assets[path] = nil
      broken[path] = nil
    }
    let existing = paths.filter { sources[$0] != nil }
    // What is referred to comes before who refers to it.
    for component in AssetOrder.components(of: existing, links: { sources[$0]?.targets ?? [] }) {
      compile(component: component)
    }
    for path in existing {
      guard let problems = sources[path]?.problems({ sources[$0] != nil }), !problems.isEmpty
      else { continue }
      broken[path] = problems
    }
  }

  /// Makes the assets of one file, or of several that refer to each other in a circle.
  private mutating func compile(component: [String]) {
    let members = component.sorted().compactMap { sources[$0] }
    let isCircle = members.count > 1 || members.contains { $0.targets.contains($0.path) }
    guard isCircle else {
      for source in members {
        let bytes = source.rewritten(hashedName)
        add(source, bytes, digest: bytes.map { ContentDigest(of: $0) } ?? source.file.digest)
      }
      return
    }
    // None can be hashed before the others are. So the digest of each is that of all as they are without the names of each other.
    var parts = ""
    for source in members {
      let digest = source.rewritten(hashedName).map { ContentDigest(of: $0) }
      parts += "\(digest ?? source.file.digest) \(source.path)\n"
    }
    var digests: [String: ContentDigest] = [:]
    for source in members {
      digests[source.path] = ContentDigest(of: Array("\(source.path)\n\(parts)".utf8))
    }
    for source in members {
      let bytes = source.rewritten { target in
        digests[target].map { Self.name(target, $0) } ?? hashedName(target)
      }
      add(source, bytes, digest: digests[source.path] ?? source.file.digest)
    }
  }

  private mutating func add(_ source: AssetSource, _ bytes: [UInt8]?, digest: ContentDigest) {
    let bytes = bytes ?? source.file.bytes
    assets[source.path] = Asset(
      path: source.path, digest: digest, sourceDigest: source.file.digest, bytes: bytes,
      size: bytes?.count ?? source.file.size, stamp: source.file.stamp, root: files.root)
  }

  /// The last component of an asset's hashed name; nil if there is no asset.
  private func hashedName(_ path: String) -> String? {
    assets[path].map { Self.name(path, $0.digest) }
  }

  private static func name(_ path: String, _ digest: ContentDigest) -> String {
    PercentEncoding.encode(Asset.hashedPath(path, digest).split(separator: "/").last ?? "")
  }
}

extension AssetManifest {
  /// What became of the assets since another version, sorted by path: also of those that only contain, by reference, one
  /// that changed. Between versions that lie few changes apart it takes as long as there are changes.
  public func changes(from older: AssetManifest) -> [AssetChange] {
    let paths: Set<String> =
      if sources.isEmpty || older.sources.isEmpty {
        Set(assets.keys).union(older.assets.keys)
      } else {
        {
          let changed = Set(files.differences(from: older.files).map(\.string))
          return affected(by: changed).union(older.affected(by: changed))
        }()
      }
    return paths.sorted().compactMap { path in
      let (old, new) = (older.assets[path], assets[path])
      guard old?.digest != new?.digest, let either = new ?? old else { return nil }
      return AssetChange(
        path: either.urlPath, old: old?.hashedURLPath, url: new?.hashedURLPath, kind: either.kind)
    }
  }
}
