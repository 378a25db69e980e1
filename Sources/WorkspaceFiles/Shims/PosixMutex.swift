#if THREAD_SANITIZER
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Takes the place of `Synchronization.Mutex` in builds with the thread sanitizer, and only there.
  ///
  /// On Linux the standard library's mutex is made of futex calls within a library that is not built with
  /// the sanitizer, which therefore sees no order between two holders of it and reports every use of what it
  /// protects. The sanitizer knows `pthread_mutex_t`. Each module has a type alias `Mutex` for this type,
  /// which hides the imported one.
  ///
  /// Safe to share although unchecked: the value is touched only by `init`, by `deinit`, which have the
  /// mutex for themselves as it cannot be copied, and by who holds `lock`. It comes in and goes out only
  /// as `sending`, so nothing outside is left with a reference into it. Both live at an address that does
  /// not change, as POSIX asks.
  package struct PosixMutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ initial: consuming sending Value) {
      lock = .allocate(capacity: 1)
      lock.initialize(to: pthread_mutex_t())
      let result = pthread_mutex_init(lock, nil)
      precondition(result == 0, "pthread_mutex_init: error \(result)")
      value = .allocate(capacity: 1)
      value.initialize(to: initial)
    }

    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
      value.deinitialize(count: 1)
      value.deallocate()
    }

    /// Calls `body` with the value while no other thread can; waits for its turn.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value.pointee)
    }

    /// The same if no other thread has the value now; else nil, without waiting.
    package borrowing func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result? {
      guard pthread_mutex_trylock(lock) == 0 else { return nil }
      defer { pthread_mutex_unlock(lock) }
      return try body(&value.pointee)
    }
  }
#endif
