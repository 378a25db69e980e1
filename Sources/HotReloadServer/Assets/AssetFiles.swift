import HotReloadContent
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Opens the files of assets whose content is not kept in memory, each only while it is what the manifest says.
final class AssetFiles: Sendable {
  /// Larger files are known by their stamps only, in bytes: the bound of the assets' reader.
  static let maximumRead = 64 << 20
  /// So many files are remembered whose stamp is another one, and whose content is not.
  static let maximumVerified = 256

  /// Where the file of an asset is looked for if it is not below the folder that it was read from.
  private let root: @Sendable () -> FilePath
  /// The digests of contents, with the stamp of the file that was found to have it.
  private let verified = Mutex<[ContentDigest: FileStamp]>([:])

  /// One file at a time is read for that, so that many who ask at once do not take its memory many times. Those who wait do so on
  /// the executor's threads.
  private let verifying = Mutex<Void>(())

  init(root: @escaping @Sendable () -> FilePath) { self.root = root }

  /// Opens the file of an asset.
  /// - Returns: nil if it has another content by now, is gone, or is not where it may be.
  /// - Throws: `BlockingExecutorError` or `CancellationError`.
  func open(_ asset: Asset) async throws -> AssetFile? {
    try await BlockingExecutor.shared.run {
      if let root = asset.root, let file = self.openNow(asset, below: PathSafety(root: root)) {
        return file
      }
      // What has these bytes may lie in another folder by now, and the one that it was read from be gone.
      let root = self.root()
      return root == asset.root ? nil : self.openNow(asset, below: PathSafety(root: root))
    }
  }

  /// Where the file is; nil if a link leads out of the root, or to what is never served.
  private func resolve(_ asset: Asset, by safety: PathSafety) -> FilePath? {
    guard let path = try? safety.resolve(FilePath(asset.path)),
      let root = try? SystemCalls.realPath(safety.root)
    else { return nil }
    var relative = path
    return relative.removePrefix(root) && !DeniedName.isInTarget(relative) ? path : nil
  }

  private func openNow(_ asset: Asset, below safety: PathSafety) -> AssetFile? {
    guard let stamp = asset.stamp, let path = resolve(asset, by: safety) else { return nil }
    let known = verified.withLock { $0[asset.sourceDigest] }
    if let file = AssetFile(path), file.stamp == stamp || file.stamp == known { return file }
    guard asset.size <= Self.maximumRead else { return nil }
    return verifying.withLock { _ in verify(asset, below: safety) }
  }

  /// Reads the file: perhaps it was only touched, and the manifest goes on with the stamp that it had.
  private func verify(_ asset: Asset, below safety: PathSafety) -> AssetFile? {
    // Others may have waited for the same file.
    if let known = verified.withLock({ $0[asset.sourceDigest] }),
      let path = resolve(asset, by: safety),
      let file = AssetFile(path), file.stamp == known
    {
      return file
    }
    guard let file = try? safety.readStably(FilePath(asset.path), limit: Self.maximumRead),
      ContentDigest(of: file.bytes) == asset.sourceDigest
    else { return nil }
    verified.withLock { verified in
      if verified.count >= Self.maximumVerified { verified.removeAll() }
      verified[asset.sourceDigest] = file.stamp
    }
    return AssetFile(file.resolvedPath).flatMap { $0.stamp == file.stamp ? $0 : nil }
  }
}

/// An open file that is read in pieces as long as nobody writes to it. It is closed when the last reference goes.
final class AssetFile: Sendable {
  /// So many bytes are in memory at once for an answer.
  static let chunkSize = 128 << 10

  /// What the file was when it was opened.
  let stamp: FileStamp
  private let descriptor: FileDescriptor

  /// Opens a regular file; nil if it is none, or cannot be opened. Blocks.
  init?(_ path: FilePath) {
    // A FIFO must not be opened, and opening must not wait if there is one since.
    guard Self.stamp(path, in: SystemCalls.currentDirectoryHandle)?.kind == .file,
      let descriptor = try? FileDescriptor.open(
        path, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
    else { return nil }
    guard let stamp = Self.stamp("", in: descriptor.rawValue), stamp.kind == .file else {
      try? descriptor.close()
      return nil
    }
    self.descriptor = descriptor
    self.stamp = stamp
  }

  deinit { try? descriptor.close() }

  /// Reads some bytes, fewer only at the end.
  /// - Throws: ``AssetFileChanged`` if the file is no longer what it was when it was opened, or cannot be read.
  func read(at offset: Int, count: Int) async throws -> [UInt8] {
    try await BlockingExecutor.shared.run {
      let bytes: [UInt8]
      do {
        bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
          while filled < count {
            let rest = UnsafeMutableRawBufferPointer(
              rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
            let result = try self.descriptor.read(
              fromAbsoluteOffset: Int64(offset + filled), into: rest)
            if result == 0 { break }
            filled += result
          }
        }
      } catch { throw AssetFileChanged() }
      guard bytes.count == count,
        Self.stamp("", in: self.descriptor.rawValue)?.hasContent(of: self.stamp) == true
      else { throw AssetFileChanged() }
      return bytes
    }
  }

  private static func stamp(_ path: FilePath, in folder: CInt) -> FileStamp? {
    path.withPlatformString { FileStamp(at: $0, in: folder, followLinks: true) }
  }
}

extension FileStamp {
  /// Whether nobody wrote between the two; a file that was removed meanwhile still has its content.
  fileprivate func hasContent(of other: FileStamp) -> Bool {
    isSameFile(as: other) && size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
  }
}

/// An asset was written to while it was sent: the answer is broken off, so that nobody takes it for whole.
struct AssetFileChanged: Error, CustomStringConvertible {
  var description: String { "the asset changed while it was sent" }
}
