import WorkspaceFiles

/// What only folders have: their watch, and where each subscription's globs are after their path.
struct FolderTable {
  struct Folder {
    /// The kernel's watch, or -1.
    var watch: Int32 = -1
    /// Found unreadable; nothing below it is known.
    var isUnreadable = false
    /// Could not be watched, so it is polled.
    var isDegraded = false
  }

  private let subscriptionCount: Int
  private var folders = ContiguousArray<Folder>()
  private var states = ContiguousArray<PathFilter.State>()
  private var free = ContiguousArray<Int>()

  init(subscriptionCount: Int) {
    self.subscriptionCount = subscriptionCount
  }

  var count: Int { folders.count - free.count }

  subscript(_ index: Int) -> Folder {
    get { folders[index] }
    set { folders[index] = newValue }
  }

  /// Adds a folder; `states` has one state per subscription, after the folder's path and its "/".
  mutating func add(states newStates: ContiguousArray<PathFilter.State>) -> Int {
    assert(newStates.count == subscriptionCount)
    if let index = free.popLast() {
      folders[index] = Folder()
      for s in 0..<subscriptionCount { states[index * subscriptionCount + s] = newStates[s] }
      return index
    }
    folders.append(Folder())
    states.append(contentsOf: newStates)
    return folders.count - 1
  }

  mutating func remove(_ index: Int) {
    free.append(index)
  }

  @inline(__always)
  func state(_ index: Int, _ subscription: Int) -> PathFilter.State {
    states[index * subscriptionCount + subscription]
  }
}
