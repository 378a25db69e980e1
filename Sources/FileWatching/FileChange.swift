public import SystemPackage

/// One logical path, relative to the watcher's root, and what happened to it since it was last reported.
///
/// Only regular files are reported, and links that lead to one (under the link's own path). Folders are
/// followed and crawled, but have no content that could change.
public struct FileChange: Sendable, Hashable {
  /// What happened.
  public enum Kind: Sendable, Hashable {
    /// The path did not lead to a file, and does now.
    case created
    /// The content may differ from what was last reported, or became readable or unreadable.
    case modified
    /// The path led to a file, and no longer does.
    case deleted
    /// The file that was at `from` is now here, perhaps with other content. Nothing is at `from` any more.
    /// It counts as the deletion of `from`, for which there is no change of its own.
    case renamed(from: FilePath)
    /// Too much changed below this folder to name each file: list it again. The root is the empty path.
    case subtreeChanged
  }

  /// The path relative to the root, as the user named it: links in it are not resolved. Any bytes but NUL.
  public var path: FilePath
  /// What happened to it.
  public var kind: Kind

  /// Creates a change.
  public init(path: FilePath, kind: Kind) {
    self.path = path
    self.kind = kind
  }
}

/// The changes that settled together, in no particular order; no path is named twice.
public struct ChangeSet: Sendable {
  /// Grows by one with each set of a subscription, from 1. A consumer that was slow receives several sets
  /// merged into one, which carries the last number.
  public var number: UInt64
  /// What changed. Empty if the set only carries notices.
  public var changes: [FileChange]
  /// What happened to the watching itself since the previous set.
  public var notices: [WatchNotice]

  /// Creates a set.
  public init(number: UInt64, changes: [FileChange], notices: [WatchNotice] = []) {
    self.number = number
    self.changes = changes
    self.notices = notices
  }
}

/// Something that happened to the watching itself. None of them means that a change was lost.
public enum WatchNotice: Sendable, Hashable {
  /// Why everything was compared with the file system again.
  public enum RescanReason: String, Sendable, Hashable, CaseIterable {
    /// The kernel's queue was full and dropped events.
    case overflow
    /// A root, or a folder above it, was replaced, or came back.
    case rootChanged
  }

  /// The tree was compared with the file system again; what differed is in this set or a later one.
  case rescanned(RescanReason)
  /// This folder and all below it is polled from now on, because it could not be watched.
  case degraded(path: FilePath, reason: WatchFailure)
  /// This folder cannot be read, so nothing below it is known.
  case unreadable(path: FilePath, reason: WatchFailure)
  /// A folder that was degraded or unreadable is watched again.
  case restored(path: FilePath)
}
