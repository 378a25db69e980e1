import Logging
import Synchronization
public import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// What is derived from assets in development: their compressed forms, and the manifest for other programs.
///
/// It is a folder, `data/hotreload/assets` of the workspace and never one that is watched: `manifest.json`, and
/// `DIGEST.gz` for each text that somebody asked for compressed. All of it can be made again, so it may be removed at any time, and a
/// disk that is full or read-only costs a warning and some work. Several processes may share it.
public final class AssetCache: Sendable {
  /// The most bytes of compressed forms that are kept in memory.
  public static let maximumInMemory = 16 << 20
  /// The most bytes of the folder; beyond it the forms that belong to nothing go, the oldest first.
  public static let maximumOnDisk: Int64 = 128 << 20
  /// After so long a form that belongs to nothing goes, in nanoseconds: a day. Until then it may be wanted by another process, or
  /// after an undo.
  public static let maximumAge: Int64 = 86_400 * 1_000_000_000

  private struct Memory {
    var forms: [ContentDigest: [UInt8]] = [:]
    /// The digests in the order in which they came.
    var order: [ContentDigest] = []
    var size = 0
    var hasWarned = false
  }

  private static let suffix = ".gz"

  private let folder: FilePath
  private let logger: Logger
  private let memory = Mutex(Memory())

  /// Creates a cache. Nothing is touched yet.
  /// - Parameters:
  ///   - folder: where to keep the files; it is made where it is missing.
  ///   - logger: is told when they cannot be kept.
  public init(folder: FilePath, logger: Logger = Logger(label: "hotreload.assets")) {
    self.folder = folder
    self.logger = logger
  }

  /// The bytes of an asset in the gzip format; nil if that is not worth it. Waits on no thread of Swift's pool.
  public func gzip(_ asset: Asset) async -> [UInt8]? {
    guard asset.isCompressible, let bytes = asset.bytes else { return nil }
    let form: [UInt8]
    if let kept = memory.withLock({ $0.forms[asset.digest] }) {
      form = kept
    } else {
      let digest = asset.digest
      guard
        let made = try? await BlockingExecutor.shared.run({
          self.find(digest) ?? self.make(digest, bytes)
        })
      else { return nil }
      keepInMemory(made, digest)
      form = made
    }
    return form.isEmpty ? nil : form
  }

  /// Writes the manifest, and lets go of what is too old or too much and does not belong to it.
  func keep(_ manifest: AssetManifest) async {
    _ = try? await BlockingExecutor.shared.run {
      self.write(manifest.json(), to: "manifest.json")
      self.prune(keeping: Set(manifest.all.map(\.digest)), now: SystemCalls.currentTime())
    }
  }

  private func find(_ digest: ContentDigest) -> [UInt8]? {
    let path = folder.appending("\(digest)\(Self.suffix)")
    return try? readStably(path, limit: GzipEncoder.maximumBytes).bytes
  }

  /// Compresses; no bytes if that makes nothing smaller, so that nobody tries again.
  private func make(_ digest: ContentDigest, _ bytes: [UInt8]) -> [UInt8] {
    guard let form = GzipEncoder.encode(bytes), form.count < bytes.count else { return [] }
    write(form, to: "\(digest)\(Self.suffix)")
    return form
  }

  private func keepInMemory(_ form: [UInt8], _ digest: ContentDigest) {
    memory.withLock { memory in
      guard memory.forms[digest] == nil else { return }
      memory.forms[digest] = form
      memory.order.append(digest)
      // An empty one takes room as well.
      memory.size += form.count + 64
      var dropped = 0
      while memory.size > Self.maximumInMemory, dropped < memory.order.count {
        let removed = memory.forms.removeValue(forKey: memory.order[dropped])
        memory.size -= (removed?.count ?? 0) + 64
        dropped += 1
      }
      memory.order.removeFirst(dropped)
    }
  }

  private func write(_ bytes: [UInt8], to name: String) {
    do {
      try SystemCalls.makeDirectory(folder)
      try writeAtomically(bytes, to: folder.appending(name))
    } catch {
      let isFirst = memory.withLock { memory in
        defer { memory.hasWarned = true }
        return !memory.hasWarned
      }
      guard isFirst else { return }
      logger.warning(
        "what is derived from assets cannot be kept, and is made anew when it is needed: \(error)")
    }
  }

  /// Removes forms that belong to no asset in force and are too old, or for which there is no room.
  func prune(keeping digests: Set<ContentDigest>, now: Int64) {
    var unused: [(path: FilePath, size: Int64, modified: Int64)] = []
    var total: Int64 = 0
    for name in SystemCalls.names(in: folder) {
      let path = folder.appending(name)
      guard
        let stamp = path.withPlatformString({
          FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: false)
        }), stamp.kind == .file
      else { continue }
      if name.hasSuffix(Self.suffix) {
        total += stamp.size
        let digest = ContentDigest(String(name.dropLast(Self.suffix.count)))
        if let digest, digests.contains(digest) { continue }
      } else if !name.hasSuffix(".tmp") {
        // Left by a writer that died, if it is old.
        continue
      }
      unused.append((path, stamp.size, stamp.modifiedNanoseconds))
    }
    for file in unused.sorted(by: { $0.modified < $1.modified }) {
      let isOld = now - file.modified > Self.maximumAge
      guard isOld || (total > Self.maximumOnDisk && file.path.extension == "gz") else { continue }
      try? SystemCalls.removeFile(file.path)
      total -= file.size
    }
  }
}
