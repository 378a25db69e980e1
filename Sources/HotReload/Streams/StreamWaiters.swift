import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Tasks that wait for something to happen, thousands of them.
///
/// They are kept in several lists, each with its own mutex, and a thread always takes the same one: all who
/// were woken soon wait again, on all threads at once, and a mutex that is fought for costs system calls.
final class StreamWaiters: Sendable {
  /// How many lists there are. A power of two.
  private static let listCount = 8

  /// Each continuation that is put in is taken out once, under the mutex, by one who then resumes it: unchecked
  /// ones, because there may be thousands to resume at once.
  private struct State {
    var continuations: [UnsafeContinuation<Void, Never>?] = []
    /// The positions that those who were cancelled have left.
    var free: [Int] = []
    /// How many positions there were in the lists before this one.
    var base = 0
  }

  private final class List: Sendable {
    let state = Mutex(State())
  }

  /// One wait, and its place in a list once it has one.
  private final class Place: Sendable {
    static let none = -1

    let list: List
    /// The position, counted from the very first; written and read under the list's mutex.
    let position = Atomic(Place.none)

    init(in list: List) {
      self.list = list
    }
  }

  private let lists = (0..<StreamWaiters.listCount).map { _ in List() }

  /// The list of this thread.
  private var list: List {
    // Fibonacci hashing of the thread's address, which differs in its middle bits.
    #if canImport(Darwin)
      let thread = UInt64(UInt(bitPattern: pthread_self()))
    #else
      let thread = UInt64(pthread_self())
    #endif
    let hash = (thread &* 0x9E37_79B9_7F4A_7C15) >> 32
    return lists[Int(hash) & (Self.listCount - 1)]
  }

  /// Waits until ``wake()`` is called, or the task is cancelled. Returns at once if `isReady`: who makes that true
  /// does so before calling `wake()`, therefore nothing is missed.
  func wait(isolation: isolated (any Actor)?, unless isReady: @Sendable () -> Bool) async {
    let place = Place(in: list)
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isWaiting = place.list.state.withLock { state in
          // A task is marked as cancelled before its handler runs.
          if Task.isCancelled || isReady() { return false }
          if let index = state.free.popLast() {
            state.continuations[index] = continuation
            place.position.store(state.base + index, ordering: .relaxed)
          } else {
            place.position.store(state.base + state.continuations.count, ordering: .relaxed)
            state.continuations.append(continuation)
          }
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      let continuation = place.list.state.withLock { state in
        let index = place.position.load(ordering: .relaxed) - state.base
        guard state.continuations.indices.contains(index) else {
          return nil as UnsafeContinuation<Void, Never>?
        }
        state.free.append(index)
        return state.continuations[index].take()
      }
      continuation?.resume()
    }
  }

  /// Wakes all who wait.
  func wake() {
    for list in lists {
      let woken = list.state.withLock { state in
        state.base += state.continuations.count
        state.free = []
        let all = state.continuations
        state.continuations = []
        return all
      }
      for continuation in woken { continuation?.resume() }
    }
  }
}
