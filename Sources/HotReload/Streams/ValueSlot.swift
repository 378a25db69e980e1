import Synchronization

/// What the driver knows of a ``ValueSlot`` without its type.
protocol AnyValueSlot: AnyObject, Sendable {
  var id: UInt64 { get }
  var index: Int { get }
  /// The name of what it is made of, or of who makes it.
  var name: String { get }
  /// Tells those who wait that a newer value may be in force.
  func wake()
  /// Ends the streams: nothing newer will come.
  func finish()
}

/// One value that is made of a unit, such as a config in one type or a participant's product: its place in the snapshot,
/// and who waits for the next version.
///
/// All streams of the same config and type share it, so that each version is decoded once. It lives as long as one
/// of them does; without it, the config is no longer decoded into that type.
@usableFromInline
final class ValueSlot<T: Sendable>: AnyValueSlot {
  let id: UInt64
  /// The name of what it is made of.
  let name: String
  @usableFromInline let index: Int
  @usableFromInline let cell: SnapshotCell
  /// Whom to tell which subjects got which variant; nil if it is of no config.
  let exposures: ExposureHub?
  private let waiters = StreamWaiters()
  private let isFinished = Atomic(false)

  init(
    id: UInt64, name: String, index: Int, cell: SnapshotCell, exposures: ExposureHub? = nil
  ) {
    self.id = id
    self.name = name
    self.index = index
    self.cell = cell
    self.exposures = exposures
  }

  /// The value in force.
  @inlinable
  @inline(__always)
  var current: T {
    let word = index &+ 1
    return cell.read { table in
      SnapshotStorage.object(at: word, in: table, as: TypedValue<T>.self)
        ._withUnsafeGuaranteedRef { $0.value }
    }
  }

  /// The value in force with the generation that brought it.
  @usableFromInline
  var typedValue: TypedValue<T> {
    let word = index + 1
    return cell.read { table in
      SnapshotStorage.object(at: word, in: table, as: TypedValue<T>.self).takeUnretainedValue()
    }
  }

  /// The generation that brought the value in force.
  var generation: UInt64 {
    let word = index + 1
    return cell.read { table in
      SnapshotStorage.object(at: word, in: table, as: TypedValue<T>.self)
        ._withUnsafeGuaranteedRef { $0.generation }
    }
  }

  func wake() {
    waiters.wake()
  }

  func finish() {
    isFinished.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  /// The value in force if it is newer than `seen`; else waits for one. Nil at the end, or when the task is
  /// cancelled.
  func next(after seen: UInt64, isolation: isolated (any Actor)?) async -> TypedValue<T>? {
    while true {
      // Read before the value: what came in just before the end is delivered.
      let isLast = isFinished.load(ordering: .sequentiallyConsistent)
      if generation > seen { return typedValue }
      if isLast || Task.isCancelled { return nil }
      // A publisher swaps first and wakes afterwards.
      await waiters.wait(isolation: isolation) {
        isFinished.load(ordering: .sequentiallyConsistent) || generation > seen
      }
    }
  }
}
