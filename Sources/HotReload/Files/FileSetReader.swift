import FileWatching
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads the files of a unit, and of a changed unit only those that changed.
final class FileSetReader: Sendable {
  /// The most files that a set may have.
  static let maximumFiles = 200_000
  /// Files up to this size are kept in memory, in bytes.
  static let maximumKept = 1 << 20
  /// Files above this size are known by size and times, in bytes.
  static let maximumRead = 64 << 20
  /// How often a file is read at most if it changes while it is read, and the milliseconds between two attempts.
  static let maximumAttempts = 8
  static let retryWait = 4

  private struct State {
    /// What was read last; nil before the first time.
    var set: FileSet?
    /// What the file system said of each file when it was read. Not of one that was written right before that: the
    /// next write could leave the same.
    var stamps: [FilePath: FileStamp] = [:]
    /// Files that never came to rest while they were read.
    var unsettled: Set<FilePath> = []
    var problems: [FilePath: ConfigDiagnostic] = [:]
    /// Files that a link leads to.
    var linked: Set<FilePath> = []
  }

  private enum Reading {
    case file(FileSet.File)
    case missing
    case leftOut(ConfigDiagnostic)
    case unsettled
  }

  private let root: FilePath
  private let safety: PathSafety
  private let filter: PathFilter
  private let belongs: @Sendable (FilePath) -> Bool
  private let state = Mutex(State())

  /// - Parameters:
  ///   - filter: which files are watched.
  ///   - belongs: which of them belong to the unit.
  init(root: FilePath, filter: PathFilter, belongs: @escaping @Sendable (FilePath) -> Bool) {
    self.root = root
    self.filter = filter
    self.belongs = belongs
    safety = PathSafety(root: root)
  }

  /// Reads what changed. Blocks.
  /// - Parameter changes: what changed since the last time, as far as anybody knows; nil: anything may have.
  func read(_ changes: [FileChange]?) -> UnitLoadResult {
    state.withLock { state in
      do throws(WorkspaceError) {
        var suspects = state.unsettled
        if let changes, state.set != nil,
          !changes.contains(where: { $0.kind == .subtreeChanged || isFolderLink($0.path, state) })
        {
          for change in changes {
            suspects.insert(change.path)
            if case .renamed(let from) = change.kind { suspects.insert(from) }
          }
          suspects = suspects.filter { filter.matches($0) && belongs($0) }
        } else {
          suspects.formUnion(try suspectsOfAll(state))
        }
        take(suspects, into: &state)
      } catch {
        return .rejected([ConfigDiagnostic(location: nil, message: "\(error)")])
      }
      if let path = state.unsettled.min(by: { $0.string < $1.string }) {
        return .rejected([
          Self.problem(
            path, "it changed each time it was read; wait until what writes it is done")
        ])
      }
      return .content(.set(state.set ?? FileSet()))
    }
  }

  /// Whether a path is, or was, a link that stands for a folder: nobody tells what that has.
  private func isFolderLink(_ path: FilePath, _ state: State) -> Bool {
    if state.set?[path] != nil { return false }
    let full = root.pushing(path)
    if SystemCalls.kind(of: full, followLinks: false) == mode_t(S_IFLNK) {
      return SystemCalls.isDirectory(full)
    }
    return state.linked.contains { $0.starts(with: path) }
  }

  /// Every file that may differ from what was read: a stamp that is equal proves that one does not.
  private func suspectsOfAll(_ state: State) throws(WorkspaceError) -> Set<FilePath> {
    let finder = ResourceFinder(root: root, filter: filter, limit: Self.maximumFiles)
    var suspects: Set<FilePath> = []
    var found: Set<FilePath> = []
    for path in try finder.find() where belongs(path) {
      found.insert(path)
      if let stamp = state.stamps[path], Self.stamp(of: root.pushing(path)) == stamp { continue }
      suspects.insert(path)
    }
    for file in state.set?.files ?? FileSet().files where !found.contains(file.path) {
      suspects.insert(file.path)
    }
    return suspects
  }

  private func take(_ suspects: Set<FilePath>, into state: inout State) {
    var updates: [FilePath: FileSet.File?] = [:]
    let old = state.set ?? FileSet()
    let realRoot = try? SystemCalls.realPath(root)
    for path in suspects {
      state.problems[path] = nil
      state.stamps[path] = nil
      state.linked.remove(path)
      state.unsettled.remove(path)
      let start = nanosecondsSince1970()
      switch read(path, in: realRoot) {
      case .file(let file):
        if let stamp = file.stamp, !stamp.isTooYoung(at: start) { state.stamps[path] = stamp }
        if file.linkTarget != nil { state.linked.insert(path) }
        if old[path]?.digest != file.digest { updates[path] = .some(file) }
      case .missing:
        if old[path] != nil { updates[path] = .some(nil) }
      case .leftOut(let problem):
        state.problems[path] = problem
        if old[path] != nil { updates[path] = .some(nil) }
      case .unsettled: state.unsettled.insert(path)
      }
    }
    var set = updates.isEmpty ? old : old.replacing(updates)
    set.root = root
    set.linked = state.linked.sorted { $0.string < $1.string }
    set.problems = state.problems.sorted { $0.key.string < $1.key.string }.map(\.value)
    state.set = set
  }

  private func read(_ path: FilePath, in realRoot: FilePath?) -> Reading {
    for attempt in 0..<Self.maximumAttempts {
      if attempt > 0 { SystemCalls.wait(milliseconds: Self.retryWait) }
      do {
        let file = try safety.readStably(path, limit: Self.maximumRead)
        if BuiltManifest.isOne(path, file.bytes) { return .missing }
        var made = FileSet.File(path: path, bytes: file.bytes, stamp: file.stamp)
        if made.size > Self.maximumKept { made.bytes = nil }
        made.linkTarget = linkTarget(of: path, file.resolvedPath, in: realRoot)
        return .file(made)
      } catch let error as StableReadError {
        switch error {
        case .notSettled: continue
        case .missing: return .missing
        // A folder took the file's name: what is in it is looked at by itself.
        case .notAFile(_, .directory): return .missing
        case .tooLarge: return large(path, in: realRoot)
        default: return .leftOut(Self.problem(path, "\(error)"))
        }
      } catch {
        return .leftOut(Self.problem(path, "\(error)"))
      }
    }
    return .unsettled
  }

  private func large(_ path: FilePath, in realRoot: FilePath?) -> Reading {
    guard let resolved = try? safety.resolve(path),
      let stamp = Self.stamp(of: resolved), stamp.kind == .file
    else { return .missing }
    var made = FileSet.File(path: path, large: stamp)
    made.linkTarget = linkTarget(of: path, resolved, in: realRoot)
    return .file(made)
  }

  private func linkTarget(
    of path: FilePath, _ resolved: FilePath, in realRoot: FilePath?
  ) -> FilePath? {
    // As texts: of all files it is asked, and to put paths together takes long.
    guard let realRoot, resolved.string != "\(realRoot)/\(path)" else { return nil }
    var target = resolved
    return target.removePrefix(realRoot) && target != path ? target : nil
  }

  private static func stamp(of path: FilePath) -> FileStamp? {
    path.withPlatformString { FileStamp(at: $0, in: AT_FDCWD, followLinks: true) }
  }

  private static func problem(_ path: FilePath, _ message: String) -> ConfigDiagnostic {
    ConfigDiagnostic(location: SourceLocation(source: path.string), message: message)
  }
}

extension FileSet.File {
  /// A file that is not read.
  init(path: FilePath, large stamp: FileStamp) {
    let known = "\(stamp.device) \(stamp.inode) \(stamp.size) \(stamp.modifiedNanoseconds)"
    self.init(path: path, bytes: Array(known.utf8), stamp: stamp)
    bytes = nil
    size = Int(stamp.size)
  }
}
