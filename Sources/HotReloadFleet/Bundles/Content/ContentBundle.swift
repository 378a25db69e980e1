import Crypto
import Foundation

/// Files that are rolled out together: a small tree, laid out as a workspace, under a name that says what is in it.
///
/// A value that never changes and that is always valid: its paths are safe to make files of, and it is within the bounds below. Two
/// bundles are equal if their files have the same paths and the same bytes.
///
/// **Bounds.** A bundle passes through the fleet's store. etcd takes requests of 1.5 MiB, keeps 2 GiB as it is installed and
/// advises against more than 8 GiB (etcd.io, "System limits"), and keeps what is overwritten or deleted until it is compacted. With
/// ``maximumBytes`` a hundred bundles that share no file fit into the 2 GiB. ``maximumListingBytes`` lets the list of a bundle's files
/// be one value of the store, so that a bundle comes to be there, or goes, in one step.
public struct ContentBundle: Sendable {
  /// One file.
  public struct File: Sendable, Hashable {
    /// Its path relative to the root, with `/` between the components, such as `config/app.toml`.
    public var path: String
    /// The whole content.
    public var bytes: [UInt8]

    /// Creates a file. Whether the path is a safe one is checked by the bundle.
    public init(path: String, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
    }
  }

  /// The most files of a bundle; the least is one.
  public static let maximumFiles = 5_000
  /// The most bytes of one file: 8 MiB.
  public static let maximumFileBytes = 8 << 20
  /// The most bytes of all files together: 16 MiB.
  public static let maximumBytes = 16 << 20
  /// The most bytes of the list of the files, which has a line of some 75 bytes and the path for each: 1 MiB.
  public static let maximumListingBytes = 1 << 20

  /// The files, in the order of their paths' UTF-8 bytes.
  public let files: [File]
  /// The SHA-256 of the list of the files, as 64 hexadecimal digits. Documentation/FLEET-BUNDLES.md says how any
  /// language makes it.
  public let digest: BundleDigest
  let listing: BundleListing

  /// Makes a bundle of these files, in whatever order they are.
  ///
  /// - Throws: ``BundleError`` with the code `empty`, `invalidPath` or `tooLarge`.
  public init(files: [File]) throws(BundleError) {
    guard !files.isEmpty else {
      throw BundleError(
        .empty, "a bundle without files says nothing; put one file at least into it")
    }
    guard files.count <= Self.maximumFiles else {
      throw .tooLarge("\(files.count) files", limit: "\(Self.maximumFiles) files")
    }
    var total = 0
    for file in files {
      guard file.bytes.count <= Self.maximumFileBytes else {
        throw .tooLarge(
          "\(file.path) of \(file.bytes.count) bytes",
          limit: "\(Self.maximumFileBytes) bytes in one file")
      }
      total += file.bytes.count
    }
    guard total <= Self.maximumBytes else {
      throw .tooLarge("\(total) bytes", limit: "\(Self.maximumBytes) bytes in all files together")
    }
    try BundlePath.check(files.lazy.map(\.path))
    let sorted = files.sorted { BundlePath.precedes($0.path, $1.path) }
    listing = BundleListing(
      lines: sorted.map {
        BundleListing.Line(
          path: $0.path, size: $0.bytes.count, sha256: SHA256.hexadecimal($0.bytes))
      })
    try listing.checkSize()
    self.files = sorted
    digest = listing.digest
  }

  /// How many bytes all files have together.
  public var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }

  /// The content of a file; nil if there is no file of exactly this path.
  public subscript(path: String) -> [UInt8]? {
    files.first { $0.path.utf8.elementsEqual(path.utf8) }?.bytes
  }
}

extension ContentBundle: Hashable {
  /// Whether both have the same files: the digest says so.
  public static func == (left: ContentBundle, right: ContentBundle) -> Bool {
    left.digest == right.digest
  }

  /// Feeds the digest.
  public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension SHA256 {
  /// The digest of some bytes as 64 hexadecimal digits.
  static func hexadecimal(_ bytes: some DataProtocol) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}

extension BundleDigest {
  /// Whether it is a SHA-256 in hexadecimal, as that of a ``ContentBundle``: 64 digits in lower case.
  var isSHA256: Bool { Self.isSHA256(rawValue) }

  static func isSHA256(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }
}
