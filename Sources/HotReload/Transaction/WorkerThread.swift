import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A thread that does one piece of work after the other. Blocking in it harms nobody else.
///
/// A transaction is one wake-up of this thread: it loads, validates and swaps there, without a hop between.
final class WorkerThread: Sendable {
  typealias Work = @Sendable () -> Void

  private struct State {
    var work: [Work] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)

  /// Starts the thread; nil if the system has none left.
  init?() {
    var thread = pthread_t.none
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let context = Unmanaged.passRetained(self)
    let result = pthread_create(
      &thread, &attributes,
      { context in
        #if canImport(Glibc)
          guard let context else { return nil }
        #endif
        Unmanaged<WorkerThread>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard result == 0 else {
      context.release()
      return nil
    }
  }

  /// Adds work, unless the thread was stopped. The transaction machine gives out one piece at a time.
  func enqueue(_ work: @escaping Work) {
    let isAccepted = state.withLock { state in
      if !state.isStopped { state.work.append(work) }
      return !state.isStopped
    }
    if isAccepted { wakeUp.signal() }
  }

  /// Ends the thread after the work that it has.
  func stop() {
    state.withLock { $0.isStopped = true }
    wakeUp.signal()
  }

  private func run() {
    while true {
      let work = state.withLock { state in
        defer { state.work.removeAll(keepingCapacity: true) }
        return state.work
      }
      for piece in work { piece() }
      if work.isEmpty {
        if state.withLock({ $0.isStopped && $0.work.isEmpty }) { return }
        wakeUp.wait()
      }
    }
  }
}

extension pthread_t {
  #if canImport(Glibc)
    fileprivate static let none: pthread_t = 0
  #else
    fileprivate static var none: pthread_t? { nil }
  #endif
}
