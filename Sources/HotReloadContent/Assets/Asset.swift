public import SystemPackage
public import WorkspaceFiles

/// One file of `static/` or `assets/` as it is served.
public struct Asset: Sendable {
  /// The path relative to the workspace's root, such as `static/app.css`.
  public let path: String
  /// The URL path without a digest, percent-encoded: `/static/app.css`. What it names changes.
  public let urlPath: String
  /// The URL path with the digest, percent-encoded: `/static/app.0123456789abcdef.css`. What it names never changes.
  public let hashedURLPath: String
  /// The digest of what is served, and of all that it contains by reference.
  ///
  /// Of 16 digits that stand in the name, two versions of a file that differ by accident have the same once in some 2^32
  /// versions: among a million versions of one file with a probability of 3 in 10^8. `ContentDigest` has a fixed key, so somebody
  /// who can write files here could make two that have the same on purpose; the files are the site's own.
  public let digest: ContentDigest
  /// The digest of the file as it is on the disk.
  public let sourceDigest: ContentDigest
  /// The bytes that are served, with references to other assets rewritten to their hashed names; nil for a large file, whose
  /// content is read where it is needed, and for one that a manifest of a build tells of.
  public let bytes: [UInt8]?
  /// How many bytes are served.
  public let size: Int
  /// What the file system said of the file; nil if it is not known.
  public let stamp: FileStamp?
  /// The folder below which the file is, in which ``path`` leads to it; nil if it is not known.
  public let root: FilePath?
  /// The value of `Content-Type`.
  public let contentType: String
  /// What a browser does with it.
  public let kind: AssetKind

  /// How many hexadecimal digits of the digest stand in the name.
  public static let digestLength = 16
  /// Smaller files are not worth compressing, in bytes: they fit into one packet anyway.
  public static let minimumCompressed = 1_024

  /// Whether it is worth compressing.
  public var isCompressible: Bool {
    size >= Self.minimumCompressed && ContentType.isText(contentType)
  }

  init(
    path: String, digest: ContentDigest, sourceDigest: ContentDigest, bytes: [UInt8]?, size: Int,
    stamp: FileStamp?, root: FilePath? = nil
  ) {
    self.path = path
    urlPath = PercentEncoding.urlPath(path)
    hashedURLPath = PercentEncoding.urlPath(Self.hashedPath(path, digest))
    self.digest = digest
    self.sourceDigest = sourceDigest
    self.bytes = bytes
    self.size = size
    self.stamp = stamp
    self.root = root
    contentType = ContentType.of(path: path)
    kind = AssetKind(path: path)
  }

  /// The digits that stand in the name.
  static func digits(_ digest: ContentDigest) -> String {
    String(digest.description.prefix(digestLength))
  }

  /// `static/app.css` with its digest in front of its ending; at the end if it has none.
  static func hashedPath(_ path: String, _ digest: ContentDigest) -> String {
    let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[nameStart...].lastIndex(of: "."), dot > nameStart else {
      return "\(path).\(digits(digest))"
    }
    return "\(path[..<dot]).\(digits(digest))\(path[dot...])"
  }

  /// The paths that a path could be the hashed one of, each with the digits.
  static func unhashed(_ path: String) -> [(path: String, digits: Substring)] {
    let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let last = path[nameStart...].lastIndex(of: "."), last > nameStart else { return [] }
    var result: [(path: String, digits: Substring)] = []
    if let first = path[nameStart..<last].lastIndex(of: "."), first > nameStart {
      let digits = path[path.index(after: first)..<last]
      if isDigits(digits) { result.append(("\(path[..<first])\(path[last...])", digits)) }
    }
    let digits = path[path.index(after: last)...]
    if isDigits(digits) { result.append((String(path[..<last]), digits)) }
    return result
  }

  private static func isDigits(_ text: Substring) -> Bool {
    text.utf8.count == digestLength
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
