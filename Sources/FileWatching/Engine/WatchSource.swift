/// Where hints come from: the kernel's watches on folders. The engine works without one by polling.
protocol WatchSource: AnyObject {
  /// Watches an open folder, or adds to what is watched of it already.
  /// - Returns: the watch's number; the same for the same folder.
  func watch(directory descriptor: CInt, for interest: WatchInterest) -> Result<Int32, WatchError>
  /// Ends a watch. Does nothing if the kernel ended it already.
  func unwatch(_ watch: Int32)
}

/// What to hear of a folder.
enum WatchInterest {
  /// Names that come and go, for a folder on the way to something watched.
  case names
  /// Names and the writes to files.
  case contents
}

/// The system's error number of a watch that could not be added.
struct WatchError: Error {
  var errorNumber: CInt
}

/// One hint about a watched folder. The name is valid during the call that hands it over.
struct WatchEvent {
  struct Kind: OptionSet {
    var rawValue: UInt16
    static let created = Kind(rawValue: 1 << 0)
    static let deleted = Kind(rawValue: 1 << 1)
    static let movedFrom = Kind(rawValue: 1 << 2)
    static let movedTo = Kind(rawValue: 1 << 3)
    static let modified = Kind(rawValue: 1 << 4)
    static let closedAfterWriting = Kind(rawValue: 1 << 5)
    static let attributes = Kind(rawValue: 1 << 6)
    /// The name is a folder's.
    static let folder = Kind(rawValue: 1 << 7)
    /// The watched folder itself was deleted, moved or unmounted.
    static let selfGone = Kind(rawValue: 1 << 8)
    /// The kernel ended the watch.
    static let watchEnded = Kind(rawValue: 1 << 9)

    /// The name leads to something else than before.
    static let entryChanged: Kind = [.created, .deleted, .movedFrom, .movedTo]
  }

  var watch: Int32
  var kind: Kind
  var cookie: UInt32
  var name: UnsafeRawBufferPointer
}

/// A watch source whose hints wait in a queue of the kernel's.
protocol HintQueue: WatchSource {
  /// Can be read when hints wait.
  var descriptor: CInt { get }
  /// How many bytes of hints wait.
  var available: Int { get }
  /// Reads once, without waiting, and hands the hints over.
  /// - Returns: how many bytes were read; 0 if the queue was empty.
  func read(_ event: (WatchEvent) -> Void, overflow: () -> Void) -> Int
}
