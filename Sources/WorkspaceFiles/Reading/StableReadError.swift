public import SystemPackage

/// Why a file could not be read as one settled whole.
public enum StableReadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Nothing is there, or the path ends in a link to nothing.
  case missing(path: FilePath)
  /// The file was changed, replaced or removed while it was read. Reading again soon may succeed.
  case notSettled(path: FilePath)
  /// The file is bigger than the caller allows. Sizes are in bytes.
  case tooLarge(path: FilePath, size: Int64, limit: Int)
  /// The path leads to a folder, FIFO, socket or device, none of which was opened.
  case notAFile(path: FilePath, kind: FileStamp.Kind)
  /// The system refused.
  case unreadable(path: FilePath, errno: Errno)

  /// The path as the caller gave it.
  public var path: FilePath {
    switch self {
    case .missing(let path), .notSettled(let path), .tooLarge(let path, _, _),
      .notAFile(let path, _), .unreadable(let path, _):
      path
    }
  }

  /// Whether trying again shortly may succeed without anybody doing anything.
  public var isTransient: Bool {
    switch self {
    case .notSettled: true
    case .unreadable(_, let errno):
      errno == .interrupted || errno == .tooManyOpenFiles || errno == .tooManyOpenFilesInSystem
    case .missing, .tooLarge, .notAFile: false
    }
  }

  /// What happened to which path, and what to do.
  public var description: String {
    switch self {
    case .missing(let path):
      return "\(path) does not exist: create it, or check the path"
    case .notSettled(let path):
      return "\(path) changed while it was read: it is read again when its writer has finished"
    case .tooLarge(let path, let size, let limit):
      return
        "\(path) has \(size) bytes, and \(limit) are allowed: make it smaller or raise the limit"
    case .notAFile(let path, let kind):
      let name =
        switch kind {
        case .directory: "a folder"
        case .link: "a link"
        case .file, .other: "a FIFO, socket or device"
        }
      return "\(path) is \(name), not a regular file: put a file there"
    case .unreadable(let path, let errno):
      let advice =
        switch errno {
        case .permissionDenied, .notPermitted:
          "give this process permission to read it and to enter its folders"
        case .tooManySymbolicLinkLevels: "its links lead in a circle: point them at a file"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
          "raise the limit of open files (ulimit -n)"
        case .fileNameTooLong: "shorten the path"
        default: "check the file system"
        }
      return "\(path) cannot be read (\(errno)): \(advice)"
    }
  }
}
