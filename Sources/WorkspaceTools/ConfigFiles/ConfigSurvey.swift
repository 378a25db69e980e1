import SystemPackage
import WorkspaceFiles

/// What is at the places a config may come from, at one moment.
///
/// Two equal surveys, one before and one after the files were read, mean that what was read belongs
/// together: no file was replaced or written to, none appeared or vanished, and every link still led to
/// the same place.
struct ConfigSurvey: Equatable {
  /// What is at one candidate's path.
  enum Presence: Equatable {
    case absent
    /// A link that leads nowhere.
    case dangling
    /// A regular file, with the path it has when links are resolved.
    case file(FileStamp, FilePath)
    /// Something that is no file.
    case notAFile(FileStamp.Kind)
    /// It cannot be told what is there.
    case failed(Errno)

    /// Whether there is something that claims to be the config's file.
    var isClaim: Bool {
      switch self {
      case .absent, .dangling: false
      default: true
      }
    }
  }

  /// The root with its links resolved; nil while there is no root.
  let realRoot: FilePath?
  /// One for each candidate, in their order.
  let presences: [Presence]

  /// Looks at every candidate. Blocking.
  init(root: FilePath, candidates: [ConfigCandidate]) {
    realRoot = try? SystemCalls.realPath(root)
    presences = candidates.map { Self.presence(at: root.pushing($0.path)) }
  }

  static func presence(at path: FilePath) -> Presence {
    let stamp = path.withPlatformString {
      FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: true)
    }
    guard let stamp else {
      let error = SystemCalls.lastError
      guard error == .noSuchFileOrDirectory || error == .notDirectory else { return .failed(error) }
      return SystemCalls.kind(of: path, followLinks: false) == nil ? .absent : .dangling
    }
    guard stamp.kind == .file else { return .notAFile(stamp.kind) }
    do { return .file(stamp, try SystemCalls.realPath(path)) } catch {
      return error == .noSuchFileOrDirectory ? .absent : .failed(error)
    }
  }

  /// Whether a resolved path is inside the root.
  func isInside(_ path: FilePath) -> Bool {
    realRoot.map { path.starts(with: $0) } ?? false
  }
}
