import HotReload
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Writes files of a build, large ones piece by piece.
struct AssetCopy {
  /// Larger files are never in memory as a whole, in bytes: the bound of the assets' reader.
  static let maximumRead = 64 << 20
  /// The bytes of a piece.
  static let pieceSize = 1 << 20

  let root: FilePath

  /// The digest of a file of any size: that of the digests of its pieces.
  func digest(of path: FilePath) throws -> ContentDigest {
    var digests = ""
    try forEachPiece(of: path) { digests += "\(ContentDigest(of: $0))" }
    return ContentDigest(of: Array(digests.utf8))
  }

  /// The content of a file that is not too large.
  func read(_ file: FileSet.File) throws -> [UInt8] { try read(file.path, file.digest) }

  private func read(_ path: FilePath, _ digest: ContentDigest) throws -> [UInt8] {
    let file = try PathSafety(root: root).readStably(path, limit: Self.maximumRead)
    guard ContentDigest(of: file.bytes) == digest else { throw changed(path) }
    return file.bytes
  }

  /// Writes an asset; false if its bytes are there.
  func write(_ asset: Asset, to target: FilePath) throws -> Bool {
    if let bytes = asset.bytes { return try write(bytes, to: target) }
    guard asset.size > Self.maximumRead else {
      return try write(read(FilePath(asset.path), asset.sourceDigest), to: target)
    }
    try makeFolder(of: target)
    let temporary = FilePath("\(target).tmp")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter {
        try forEachPiece(of: FilePath(asset.path)) { _ = try file.writeAll($0) }
      }
      try SystemCalls.rename(temporary, to: target)
    } catch {
      try? SystemCalls.removeFile(temporary)
      throw error
    }
    return true
  }

  /// Writes bytes; false if they are there.
  func write(_ bytes: [UInt8], to target: FilePath) throws -> Bool {
    if let known = try? readStably(target, limit: bytes.count), known.bytes == bytes {
      return false
    }
    try makeFolder(of: target)
    try writeAtomically(bytes, to: target)
    return true
  }

  private func makeFolder(of target: FilePath) throws(AssetBuildError) {
    let folder = target.removingLastComponent()
    do { try SystemCalls.makeDirectory(folder) } catch {
      throw AssetBuildError(path: folder, message: "the folder cannot be made (\(error))")
    }
  }

  private func forEachPiece(of path: FilePath, _ body: ([UInt8]) throws -> Void) throws {
    let resolved = try PathSafety(root: root).resolve(path)
    let file = try FileDescriptor.open(
      resolved, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
    try file.closeAfter {
      let before = stamp(file)
      guard before?.kind == .file else { throw changed(path) }
      var offset: Int64 = 0
      while true {
        let piece = try [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
          count = try file.read(
            fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
        if piece.isEmpty { break }
        try body(piece)
        offset += Int64(piece.count)
      }
      guard stamp(file) == before else { throw changed(path) }
    }
  }

  private func stamp(_ file: FileDescriptor) -> FileStamp? {
    FilePath("").withPlatformString { FileStamp(at: $0, in: file.rawValue, followLinks: true) }
  }

  private func changed(_ path: FilePath) -> AssetBuildError {
    AssetBuildError(
      path: path, message: "it changed while it was read; build again when its writer is done")
  }
}
