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

  /// One for each candidate, in their order. Those at the root count as absent while there is another base.
  let presences: [Presence]

  /// Looks at every candidate. Blocking.
  init(_ plan: ConfigPlan) {
    var folders = [FilePath?](repeating: nil, count: plan.folders.count)
    var presences = [Presence](repeating: .absent, count: plan.candidates.count)
    var hasBase = false
    // The fallbacks come first among the candidates, and are looked at last.
    for index in presences.indices.reversed() {
      let candidate = plan.candidates[index]
      if candidate.isFallback && hasBase { break }
      presences[index] = plan.paths[index].withUnsafeBufferPointer { text in
        text.baseAddress.map { path in
          Self.presence(at: path) { () throws(Errno) -> FilePath in
            let folder = plan.folderIndices[index]
            let known = folders[folder]
            let real =
              if let known { known } else { try SystemCalls.realPath(plan.folders[folder]) }
            folders[folder] = real
            guard let name = candidate.path.lastComponent else { return real }
            return real.appending(name)
          }
        } ?? .absent
      }
      if candidate.layer == .base && presences[index].isClaim { hasBase = true }
    }
    self.presences = presences
  }

  /// What is at a path.
  static func presence(at path: FilePath) -> Presence {
    path.withPlatformString { text in
      presence(at: text) { () throws(Errno) -> FilePath in try SystemCalls.realPath(path) }
    }
  }

  /// Most candidates do not exist, so one call has to do for those.
  private static func presence(
    at path: UnsafePointer<CInterop.PlatformChar>, resolve: () throws(Errno) -> FilePath
  ) -> Presence {
    let here = SystemCalls.currentDirectoryHandle
    guard var stamp = FileStamp(at: path, in: here, followLinks: false) else {
      let error = SystemCalls.lastError
      return error.isAbsence ? .absent : .failed(error)
    }
    let isLink = stamp.kind == .link
    if isLink {
      guard let target = FileStamp(at: path, in: here, followLinks: true) else {
        let error = SystemCalls.lastError
        return error.isAbsence ? .dangling : .failed(error)
      }
      stamp = target
    }
    guard stamp.kind == .file else { return .notAFile(stamp.kind) }
    do {
      return .file(
        stamp, isLink ? try SystemCalls.realPath(FilePath(platformString: path)) : try resolve())
    } catch {
      return error.isAbsence ? .absent : .failed(error)
    }
  }
}

extension Errno {
  /// Whether it says that nothing is there.
  var isAbsence: Bool { self == .noSuchFileOrDirectory || self == .notDirectory }
}
