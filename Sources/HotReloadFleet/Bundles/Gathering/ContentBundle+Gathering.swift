import HotReload
import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

extension ContentBundle {
  /// Makes a bundle of a workspace's files as they are at one moment.
  ///
  /// Links are followed to files below the root only. The files are read twice; if the second reading finds another file, another
  /// content or another place, both begin anew. Blocking work is done off the cooperative pool.
  ///
  /// - Throws: ``BundleError``: `secretsFound`, `empty`, `tooLarge`, `invalidPath`, `invalidOptions` for a bad glob, `notSettled`,
  ///   `unreadable`, `cancelled`.
  public static func gather(
    from workspace: Workspace, scope: BundleScope = BundleScope()
  ) async throws(BundleError) -> ContentBundle {
    let root = workspace.root
    return try await BundleError.blocking { () throws(BundleError) in
      try BundleReader(root: root, scope: scope).read()
    }
  }
}

/// Reads the files of a bundle. Blocks.
struct BundleReader {
  /// How often the files are read at most, if they change while they are read.
  static let maximumAttempts = 12
  /// The longest time between two attempts, in milliseconds: they wait 1, 2, 4, 8, 16, 16, … ms.
  static let maximumRetryWait = 16

  private let root: FilePath
  private let filter: PathFilter
  private let safety: PathSafety
  private let allowsSecrets: Bool

  init(root: FilePath, scope: BundleScope) throws(BundleError) {
    self.root = root
    do {
      filter = try PathFilter(include: scope.include, exclude: scope.exclude)
    } catch {
      throw BundleError(.invalidOptions, "the bundle's scope is wrong: \(error)", cause: error)
    }
    safety = PathSafety(root: root)
    allowsSecrets = scope.allowsSecrets
  }

  func read() throws(BundleError) -> ContentBundle {
    let files = try readSettled()
    guard !files.isEmpty else {
      throw BundleError(
        .empty,
        "no file in \(root) belongs to the bundle; its scope includes \(filter.include.joined(separator: ", "))"
      )
    }
    let bundle = try ContentBundle(
      files: files.filter { !BuiltManifest.isOne(FilePath($0.path), $0.bytes) })
    if !allowsSecrets { try SecretRules().check(bundle.files) }
    return bundle
  }

  private func readSettled() throws(BundleError) -> [ContentBundle.File] {
    for attempt in 0..<Self.maximumAttempts {
      if attempt > 0 {
        SystemCalls.wait(milliseconds: min(1 << (attempt - 1), Self.maximumRetryWait))
      }
      guard let first = try readOnce() else { continue }
      if try readOnce() == first { return first.map(\.file) }
    }
    throw BundleError(
      .notSettled,
      "files in \(root) changed each time they were read, \(Self.maximumAttempts) times; wait until what writes "
        + "them is done")
  }

  private struct Reading: Equatable {
    var file: ContentBundle.File
    var place: FilePath
  }

  /// One reading; nil if a file moved meanwhile.
  private func readOnce() throws(BundleError) -> [Reading]? {
    let paths: [FilePath]
    do {
      paths = try ResourceFinder(root: root, filter: filter, limit: ContentBundle.maximumFiles)
        .find()
    } catch {
      throw BundleError(
        error.code == .tooManyFiles ? .tooLarge : .unreadable,
        "the bundle cannot be made: \(error)",
        cause: error)
    }
    var readings: [Reading] = []
    var left = ContentBundle.maximumBytes
    for path in paths {
      do {
        let file = try safety.readStably(path, limit: ContentBundle.maximumFileBytes)
        left -= file.bytes.count
        readings.append(
          Reading(
            file: ContentBundle.File(path: path.string, bytes: file.bytes), place: file.resolvedPath
          ))
      } catch StableReadError.notSettled, StableReadError.missing {
        return nil
      } catch StableReadError.tooLarge(_, let size, let limit) {
        throw .tooLarge("\(path) of \(size) bytes", limit: "\(limit) bytes in one file")
      } catch {
        throw BundleError(
          .unreadable, "the bundle cannot be made: \(error); or exclude the file", cause: error)
      }
      guard left >= 0 else {
        throw .tooLarge(
          "the files up to \(path) have more",
          limit: "\(ContentBundle.maximumBytes) bytes in all files together")
      }
    }
    return readings
  }
}

extension BundleError {
  /// Runs blocking work off the cooperative pool.
  static func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws(BundleError) -> Result
  ) async throws(BundleError) -> Result {
    do {
      return try await BlockingExecutor.shared.run(body)
    } catch let error as BundleError {
      throw error
    } catch is CancellationError {
      throw .cancelled
    } catch {
      throw BundleError(.fileSystem, "work on a bundle could not begin: \(error)", cause: error)
    }
  }
}
