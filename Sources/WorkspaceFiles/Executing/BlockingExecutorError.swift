/// Why a job was not run.
public enum BlockingExecutorError: Error, Sendable, Hashable, CustomStringConvertible {
  /// So many jobs wait already.
  case queueFull(limit: Int)
  /// The system gave no thread; the value is `errno`.
  case noThread(errno: CInt)

  /// What happened, and what to do.
  public var description: String {
    switch self {
    case .queueFull(let limit):
      "\(limit) file operations wait already: the file system does not answer, or too much is "
        + "asked at once; try again later"
    case .noThread(let errno):
      "the system gave no thread for a file operation (errno \(errno)): raise its limit of threads"
    }
  }
}
