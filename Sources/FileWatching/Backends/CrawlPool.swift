import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Threads that read folders ahead of the engine while it crawls a tree for the first time.
///
/// Safe to share although unchecked: all mutable state is touched only with `lock` held, the mutex and the
/// condition are never moved, and `readers` gives each thread a reader of its own, whose buffer it alone uses. The
/// watch source must be one whose `watch` may be called from several threads, which inotify's may.
final class CrawlPool: @unchecked Sendable {
  /// How many threads read besides the engine's own. More than a few only wait for each other in the kernel.
  static let maximumThreads = 3
  /// How many listings may wait for the engine; then the threads wait for it.
  static let maximumWaitingListings = 256

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var requests: [FolderRequest] = []
  private var listings: [FolderListing] = []
  private var reading = 0
  private var isEnding = false
  private var threads = 0

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  /// A reader on its way to the thread that alone will use it.
  private struct Handover: @unchecked Sendable {
    let reader: FolderReader
  }

  /// Starts threads with a reader each; with none left in the system the engine reads alone.
  func start(_ readers: [FolderReader]) {
    for reader in readers {
      let handover = Handover(reader: reader)
      pthread_mutex_lock(lock)
      threads += 1
      pthread_mutex_unlock(lock)
      let result = startDetachedThread(name: "file-crawler") { self.run(handover.reader) }
      guard result == 0 else {
        pthread_mutex_lock(lock)
        threads -= 1
        pthread_mutex_unlock(lock)
        return
      }
    }
  }

  private func run(_ reader: FolderReader) {
    pthread_mutex_lock(lock)
    while !isEnding {
      guard listings.count < Self.maximumWaitingListings, let request = requests.popLast() else {
        pthread_cond_wait(changed, lock)
        continue
      }
      reading += 1
      pthread_mutex_unlock(lock)
      let listing = reader.read(request)
      pthread_mutex_lock(lock)
      reading -= 1
      listings.append(listing)
      pthread_cond_broadcast(changed)
    }
    threads -= 1
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(lock)
  }

  /// Hands requests over.
  func add(_ new: [FolderRequest]) {
    guard !new.isEmpty else { return }
    pthread_mutex_lock(lock)
    requests.append(contentsOf: new)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(lock)
  }

  /// What the engine does next.
  enum Work {
    case merge([FolderListing])
    case read(FolderRequest)
    case done
  }

  /// Listings if there are any, else a folder that nobody reads yet; waits only while the last ones are being
  /// read.
  func next() -> Work {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while true {
      if !listings.isEmpty {
        defer { listings.removeAll(keepingCapacity: true) }
        pthread_cond_broadcast(changed)
        return .merge(listings)
      }
      if let request = requests.popLast() { return .read(request) }
      if reading == 0 { return .done }
      pthread_cond_wait(changed, lock)
    }
  }

  /// Ends the threads and waits for them.
  func end() {
    pthread_mutex_lock(lock)
    isEnding = true
    pthread_cond_broadcast(changed)
    while threads > 0 { pthread_cond_wait(changed, lock) }
    pthread_mutex_unlock(lock)
  }
}
