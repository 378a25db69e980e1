import SystemPackage
import WorkspaceFiles

/// What is at the places a config may come from, at one moment.
///
/// Two equal surveys, one before and one after the files were read, mean that what was read belongs
/// together: no file was replaced or written to, none appeared or vanished, and every path still led to
/// the same file, through the same link if it is one.
struct ConfigSurvey: Equatable {
  /// What is at one candidate's path.
  enum Presence: Equatable {
    case absent
    /// A link that leads nowhere.
    case dangling
    /// A regular file; `link` is the stamp of the link that leads to it, if it is not at the path itself.
    case file(FileStamp, link: FileStamp?)
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

  /// Where was looked.
  let candidates: [ConfigCandidate]
  /// One for each candidate, in their order. Those at the root count as absent while there is another base.
  let presences: [Presence]

  /// Looks at every candidate. Blocking.
  init(_ plan: ConfigPlan) {
    var presences = [Presence](repeating: .absent, count: plan.candidates.count)
    var hasBase = false
    // The fallbacks come first among the candidates, and are looked at last.
    for index in presences.indices.reversed() {
      let candidate = plan.candidates[index]
      if candidate.isFallback && hasBase { break }
      presences[index] = plan.paths[index].withUnsafeBufferPointer { text in
        text.baseAddress.map { Self.presence(at: $0) } ?? .absent
      }
      if candidate.layer == .base && presences[index].isClaim { hasBase = true }
    }
    candidates = plan.candidates
    self.presences = presences
  }

  /// A place that another survey found otherwise, or did not look at.
  func firstDifference(from other: ConfigSurvey) -> FilePath? {
    guard candidates == other.candidates else {
      let difference = Set(candidates).symmetricDifference(other.candidates).map(\.path)
      return difference.min { $0.string < $1.string }
    }
    return candidates.indices.first { presences[$0] != other.presences[$0] }
      .map { candidates[$0].path }
  }

  /// What is at a path.
  static func presence(at path: FilePath) -> Presence {
    path.withPlatformString { presence(at: $0) }
  }

  /// Most candidates do not exist, so one call has to do for those.
  private static func presence(at path: UnsafePointer<CInterop.PlatformChar>) -> Presence {
    let here = SystemCalls.currentDirectoryHandle
    guard let stamp = FileStamp(at: path, in: here, followLinks: false) else {
      let error = SystemCalls.lastError
      return error.isAbsence ? .absent : .failed(error)
    }
    guard stamp.kind == .link else {
      return stamp.kind == .file ? .file(stamp, link: nil) : .notAFile(stamp.kind)
    }
    guard let target = FileStamp(at: path, in: here, followLinks: true) else {
      let error = SystemCalls.lastError
      return error.isAbsence ? .dangling : .failed(error)
    }
    return target.kind == .file ? .file(target, link: stamp) : .notAFile(target.kind)
  }
}

extension Errno {
  /// Whether it says that nothing is there.
  var isAbsence: Bool { self == .noSuchFileOrDirectory || self == .notDirectory }
}
