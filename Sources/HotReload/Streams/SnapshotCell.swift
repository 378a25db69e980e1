public import Synchronization

#if canImport(Darwin)
  public import Darwin
#else
  public import Glibc
#endif

/// Holds what is in force. Reading takes a few nanoseconds and never waits, neither for a writer nor for
/// another reader; replacing it is one pointer store.
///
/// This is the one place in the module that the compiler cannot check. Why it is safe:
///
/// - What readers see is a `SnapshotStorage` and its table, which never change once they are stored here.
/// - A reader adds one to its stripe's count, loads the table's address, copies what it needs, and subtracts one.
///   Between the two it touches nothing but that table and the objects it points at.
/// - A writer stores the new address first and looks at the counts afterwards. Both sides use
///   sequentially consistent operations, so for each reader one of two things holds: its addition comes
///   before the writer's look at that stripe, and the writer sees a count above zero until the reader is done;
///   or its addition comes after the look, therefore after the store, and it can only load the new address.
/// - So a storage that was replaced can have no reader left once every stripe was seen at zero, each at
///   some moment after the replacement, not all at once. Only then is it released. Until then it waits in `retired`.
///   The reader's subtraction releases and the writer's look acquires, so all that the
///   reader did happened before the release of the memory.
/// - Everything else is behind the mutex `writer`.
///
/// Threads that share a stripe only share a counter. The scheme is that of a userspace RCU with
/// per-thread counters (Desnoyers et al., 2012), without its phases: a count that is
/// never seen at zero delays a release, never a swap, up to ``maximumRetired``.
@usableFromInline
final class SnapshotCell: @unchecked Sendable {
  /// How many counters there are. A power of two.
  @usableFromInline static let stripeCount = 64
  /// Words between two counters: 128 bytes, so that neighbours do not share (a prefetched pair of) cache lines.
  @usableFromInline static let stripeStride = 16
  /// So many replaced storages may wait for readers before a writer waits for the oldest one's.
  static let maximumRetired = 16

  @usableFromInline typealias Counter = Atomic<Int>

  @usableFromInline let stripes: UnsafeMutablePointer<Counter>
  @usableFromInline let table: Atomic<SnapshotStorage.Table>
  /// Grows with every swap, after the table was stored.
  @usableFromInline let version: Atomic<UInt64>

  private struct Retired {
    var storage: SnapshotStorage
    /// A bit for each stripe that was not yet seen at zero.
    var unseen: UInt64
  }

  private struct Writer {
    var current: SnapshotStorage
    var retired: [Retired] = []
  }

  private let writer: Mutex<Writer>

  init(_ storage: SnapshotStorage) {
    let count = Self.stripeCount * Self.stripeStride
    stripes = .allocate(capacity: count)
    for index in 0..<count { (stripes + index).initialize(to: Counter(0)) }
    table = Atomic(storage.table)
    version = Atomic(storage.generation)
    writer = Mutex(Writer(current: storage))
  }

  deinit {
    let count = Self.stripeCount * Self.stripeStride
    stripes.deinitialize(count: count)
    stripes.deallocate()
  }

  /// This thread's counter.
  @inlinable
  @inline(__always)
  var stripe: UnsafeMutablePointer<Counter> {
    // Fibonacci hashing of the thread's address, which differs in its middle bits.
    #if canImport(Darwin)
      let thread = UInt(bitPattern: pthread_self())
    #else
      let thread = UInt(pthread_self())
    #endif
    let index = Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 58)
    return stripes + index &* Self.stripeStride
  }

  /// Calls `body` with the table in force, which stays valid until `body` returns. It must be short.
  @inlinable
  @inline(__always)
  func read<Result>(_ body: (SnapshotStorage.Table) -> Result) -> Result {
    let stripe = stripe
    stripe.pointee.add(1, ordering: .sequentiallyConsistent)
    let result = body(table.load(ordering: .sequentiallyConsistent))
    stripe.pointee.subtract(1, ordering: .releasing)
    return result
  }

  /// What is in force, kept alive for as long as the result is.
  var storage: SnapshotStorage {
    read { table in SnapshotStorage.owner(of: table) }
  }

  /// Puts another storage in force. Writers exclude each other by more than this: each makes its storage from
  /// the one before.
  func store(_ storage: SnapshotStorage) {
    let released = writer.withLock { writer in
      let replaced = writer.current
      writer.current = storage
      table.store(storage.table, ordering: .sequentiallyConsistent)
      version.store(storage.generation, ordering: .releasing)
      writer.retired.append(Retired(storage: replaced, unseen: .max))
      return reclaim(&writer.retired)
    }
    // What a value's deinitializer does happens outside the lock.
    withExtendedLifetime(released) {}
  }

  /// Takes out those that no reader can have any more.
  private func reclaim(_ retired: inout [Retired]) -> [SnapshotStorage] {
    var released: [SnapshotStorage] = []
    while true {
      for stripe in 0..<Self.stripeCount {
        let counter = stripes + stripe * Self.stripeStride
        guard counter.pointee.load(ordering: .sequentiallyConsistent) == 0 else { continue }
        for index in retired.indices { retired[index].unseen &= ~(1 << UInt64(stripe)) }
      }
      released += retired.lazy.filter { $0.unseen == 0 }.map(\.storage)
      retired.removeAll { $0.unseen == 0 }
      guard retired.count > Self.maximumRetired else { return released }
      sched_yield()
    }
  }
}
