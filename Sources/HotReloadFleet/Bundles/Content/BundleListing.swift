import Crypto
import Foundation

/// The list of a bundle's files: what its digest is made of, and what stands for it in a store.
///
/// ```
/// hotreload-bundle 1
/// <SHA-256 of the content, 64 hexadecimal digits> <size in bytes, decimal> <path>
/// …
/// ```
/// A line for each file, in the order of the paths' UTF-8 bytes, each with a line feed at its end. Paths have no
/// line feeds in them, so a list can be read in one way only.
struct BundleListing: Sendable, Hashable {
  struct Line: Sendable, Hashable {
    var path: String
    var size: Int
    var sha256: String
  }

  private static let head = "hotreload-bundle 1\n"

  let lines: [Line]
  /// The canonical form.
  let bytes: [UInt8]
  /// The digest of the canonical form.
  let digest: BundleDigest

  /// The list of these files, which are in order and have valid paths.
  init(lines: [Line]) {
    self.lines = lines
    var bytes = Array(Self.head.utf8)
    for line in lines { bytes += "\(line.sha256) \(line.size) \(line.path)\n".utf8 }
    self.bytes = bytes
    digest = BundleDigest(rawValue: SHA256.hexadecimal(bytes))
  }

  /// Reads the canonical form, and nothing else.
  init(parsing bytes: [UInt8]) throws(BundleError) {
    guard bytes.count <= ContentBundle.maximumListingBytes,
      let text = String(validating: bytes, as: UTF8.self), text.utf8.starts(with: Self.head.utf8)
    else {
      throw .malformed("the list of a bundle's files does not begin as version 1 does")
    }
    var lines: [Line] = []
    for line in text.utf8.dropFirst(Self.head.utf8.count).split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(
        separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false
      ).map { String(Substring($0)) }
      guard parts.count == 3, BundleDigest.isSHA256(parts[0]), let size = Int(parts[1]),
        (0...ContentBundle.maximumFileBytes).contains(size)
      else {
        throw .malformed("line \(lines.count + 2) of the list of a bundle's files cannot be read")
      }
      lines.append(Line(path: parts[2], size: size, sha256: parts[0]))
    }
    try BundlePath.check(lines.lazy.map(\.path))
    let total = lines.reduce(0) { $0 + $1.size }
    guard !lines.isEmpty, lines.count <= ContentBundle.maximumFiles,
      total <= ContentBundle.maximumBytes
    else {
      throw .malformed("the list of a bundle's files is empty or beyond a bundle's bounds")
    }
    self.init(lines: lines.sorted { BundlePath.precedes($0.path, $1.path) })
    // Another order, a sign or a zero before a number: one content would have two digests.
    guard self.bytes == bytes else {
      throw .malformed("the list of a bundle's files is not in its canonical form")
    }
  }

  func checkSize() throws(BundleError) {
    guard bytes.count <= ContentBundle.maximumListingBytes else {
      throw .tooLarge(
        "the list of its \(lines.count) files, of \(bytes.count) bytes",
        limit: "\(ContentBundle.maximumListingBytes) bytes; fewer files or shorter paths fit")
    }
  }
}
