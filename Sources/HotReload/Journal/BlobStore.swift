import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The contents of config files, each under its digest. One thread writes; all may read.
struct BlobStore: Sendable {
  private static let fileMode: FilePermissions = [.ownerReadWrite]
  private static let temporarySuffix = ".tmp"

  let folder: FilePath
  /// What is known to be there.
  private var known: Set<ContentDigest> = []
  /// What is known to be durable.
  private var durable: Set<ContentDigest> = []

  init(folder: FilePath) {
    self.folder = folder
  }

  private func path(of digest: ContentDigest) -> FilePath {
    folder.appending(digest.description)
  }

  /// Keeps bytes, unless they are kept. Returns how many were written. They are not durable yet.
  mutating func add(
    _ layer: RecordedLayer, failpoint: (@Sendable (JournalFailpoint) -> Void)?
  ) throws(Errno) -> Int {
    if known.contains(layer.digest) { return 0 }
    // What is there may have been damaged, or not have come to the disk before a power failure.
    if (try? read(layer.digest, size: layer.bytes.count)) != nil {
      known.insert(layer.digest)
      return 0
    }
    let target = path(of: layer.digest)
    let temporary = folder.appending(layer.digest.description + Self.temporarySuffix)
    do {
      try write(layer.bytes, to: temporary)
      failpoint?(.blobWrittenNotRenamed)
      try SystemCalls.rename(temporary, to: target)
    } catch {
      try? SystemCalls.removeFile(temporary)
      throw error
    }
    failpoint?(.blobWritten)
    known.insert(layer.digest)
    return layer.bytes.count
  }

  private func write(_ bytes: [UInt8], to path: FilePath) throws(Errno) {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
        permissions: Self.fileMode)
      defer { try? file.close() }
      try file.writeAll(bytes)
    } catch let error as Errno { throw error } catch { throw .ioError }
  }

  /// Makes bytes that are kept durable.
  mutating func synchronize(_ digests: [ContentDigest]) throws(Errno) {
    let open = digests.filter { !durable.contains($0) }
    guard !open.isEmpty else { return }
    for digest in open { try SystemCalls.synchronize(path(of: digest)) }
    try SystemCalls.synchronize(folder)
    durable.formUnion(open)
  }

  /// The bytes under a digest. Blocking.
  ///
  /// - Throws: `noSuchFileOrDirectory` if there are none, `illegalByteSequence` if they are others.
  func read(_ digest: ContentDigest, size: Int) throws(Errno) -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try readStably(path(of: digest), limit: size).bytes
    } catch {
      switch error {
      case .missing: throw .noSuchFileOrDirectory
      case .unreadable(_, let errno): throw errno
      case .tooLarge, .notAFile, .notSettled: throw .illegalByteSequence
      }
    }
    guard ContentDigest(of: bytes) == digest else { throw .illegalByteSequence }
    return bytes
  }

  /// All files of a content.
  func layers(of content: RecordedContent) throws(BlobFailure) -> [RecordedLayer] {
    var layers: [RecordedLayer] = []
    for file in content.files {
      do {
        layers.append(
          RecordedLayer(
            path: file.path, layer: file.layer, format: file.format, mode: file.mode,
            bytes: try read(file.digest, size: file.size), digest: file.digest))
      } catch {
        throw BlobFailure(path: path(of: file.digest), file: file.path, errno: error)
      }
    }
    return layers
  }

  /// Removes all that is not named, and what writers left that died.
  mutating func keepOnly(_ digests: Set<ContentDigest>) {
    for name in SystemCalls.names(in: folder) {
      if let digest = ContentDigest(name) {
        if digests.contains(digest) { continue }
      } else if !name.hasSuffix(Self.temporarySuffix) {
        continue
      }
      try? SystemCalls.removeFile(folder.appending(name))
    }
    known.formIntersection(digests)
    durable.formIntersection(digests)
  }
}

/// Bytes that should be kept cannot be read.
struct BlobFailure: Error, CustomStringConvertible {
  var path: FilePath
  var file: FilePath
  var errno: Errno

  var description: String {
    let reason =
      switch errno {
      case .noSuchFileOrDirectory: "is missing"
      case .illegalByteSequence: "is damaged"
      default: "cannot be read (\(errno))"
      }
    return "the content of \(file), \(path), \(reason)"
  }
}
