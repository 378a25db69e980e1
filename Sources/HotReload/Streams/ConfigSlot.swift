import Synchronization
import WorkspaceTools

/// What the transaction knows of a ``ConfigSlot`` without its type.
protocol AnyConfigSlot: AnyObject, Sendable {
  var id: UInt64 { get }
  var config: String { get }
  var index: Int { get }
  /// Decodes and, unless told not to, validates a version.
  func makeValue(
    from config: LoadedConfig, generation: UInt64, validating: Bool
  ) throws(ConfigError) -> any AnyTypedValue
  /// Tells those who wait that a newer value may be in force.
  func wake()
  /// Ends the streams: nothing newer will come.
  func finish()
}

/// One config in one type: its place in the snapshot, and who waits for the next version.
///
/// All streams of the same config and type share it, so that each version is decoded once. It lives as long as one
/// of them does; without it, the config is no longer decoded into that type.
@usableFromInline
final class ConfigSlot<T: Decodable & Sendable>: AnyConfigSlot {
  /// Each continuation that is put in is taken out under the mutex, by one who then resumes it: unchecked ones,
  /// because there may be thousands to resume at once.
  private struct Waiters {
    var continuations: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    var last: UInt64 = 0
    var isFinished = false
  }

  let id: UInt64
  let config: String
  @usableFromInline let index: Int
  @usableFromInline let cell: SnapshotCell
  private let waiters = Mutex(Waiters())

  init(id: UInt64, config: String, index: Int, cell: SnapshotCell) {
    self.id = id
    self.config = config
    self.index = index
    self.cell = cell
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

  func makeValue(
    from config: LoadedConfig, generation: UInt64, validating: Bool
  ) throws(ConfigError) -> any AnyTypedValue {
    let value = try config.decode(T.self, validating: validating)
    return TypedValue(value, generation: generation, slot: id)
  }

  func wake() {
    let woken = waiters.withLock { waiters in
      defer { waiters.continuations.removeAll() }
      return waiters.continuations
    }
    for continuation in woken.values { continuation.resume() }
  }

  func finish() {
    waiters.withLock { $0.isFinished = true }
    wake()
  }

  /// The value in force if it is newer than `generation`; else waits for one. Nil at the end, or when the task is
  /// cancelled.
  func next(after generation: UInt64, isolation: isolated (any Actor)?) async -> TypedValue<T>? {
    while true {
      let newest = typedValue
      if newest.generation > generation { return newest }
      if Task.isCancelled || waiters.withLock({ $0.isFinished }) {
        // What came in just before the end is delivered.
        let last = typedValue
        return last.generation > generation && !Task.isCancelled ? last : nil
      }
      await wait(after: generation, isolation: isolation)
    }
  }

  private func wait(after generation: UInt64, isolation: isolated (any Actor)?) async {
    let id = waiters.withLock { waiters in
      waiters.last += 1
      return waiters.last
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        // A publisher swaps first and wakes afterwards, so looking again under its lock misses nothing. Likewise
        // a task is marked as cancelled before its handler runs.
        let isReady = waiters.withLock { waiters in
          if waiters.isFinished || Task.isCancelled || typedValue.generation > generation {
            return true
          }
          waiters.continuations[id] = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      waiters.withLock { $0.continuations.removeValue(forKey: id) }?.resume()
    }
  }
}
