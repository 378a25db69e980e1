import SystemPackage

/// What waits for the journal's thread.
struct JournalQueue: Sendable {
  /// A piece of work.
  enum Item: Sendable {
    case record(JournalRecord, nanoseconds: Int64)
    case backup(KeptContent)

    var content: KeptContent? {
      switch self {
      case .record(.applied(let content), _), .record(.lastGood(let content), _),
        .backup(let content):
        content
      case .record: nil
      }
    }

    var isLastGood: Bool {
      if case .record(.lastGood, _) = self { true } else { false }
    }
  }

  /// Where the journal is; nil while it is nowhere.
  var folder: FilePath?
  private(set) var items: [Item] = []
  private var size = 0
  var waiters: [CheckedContinuation<Void, Never>] = []
  /// Whether something that was written already is to be made durable.
  var wantsSync = false
  var isStopping = false
  /// Whether there is no thread any more.
  var isStopped = false
  /// Why the last pass did not get everything done.
  var problem: String?
  /// How many items were dropped.
  private(set) var dropped = 0
  /// How many of them since everything was written the last time.
  private(set) var droppedUnseen = 0

  mutating func add(_ item: Item, _ options: JournalOptions) {
    guard !isStopped, !isStopping else { return }
    items.append(item)
    size += item.content?.size ?? 0
    trim(options)
  }

  /// Everything that waits; the queue is empty then.
  mutating func takeItems() -> [Item] {
    defer {
      items = []
      size = 0
    }
    return items
  }

  /// Puts back what could not be written, in front of what came since.
  mutating func putBack(_ unwritten: [Item], _ options: JournalOptions) {
    items = unwritten + items
    size = items.reduce(0) { $0 + ($1.content?.size ?? 0) }
    trim(options)
    if items.isEmpty && problem == nil { droppedUnseen = 0 }
  }

  /// Drops the oldest beyond the limits, the last good contents last.
  private mutating func trim(_ options: JournalOptions) {
    while items.count > max(1, options.queueLimit)
      || (size > options.queueSizeLimit && items.count > 1)
    {
      let index = items.firstIndex { !$0.isLastGood } ?? 0
      size -= items.remove(at: index).content?.size ?? 0
      dropped += 1
      droppedUnseen += 1
    }
  }
}
