#if THREAD_SANITIZER
  /// See `PosixMutex`.
  typealias Mutex<Value: ~Copyable> = PosixMutex<Value>
#endif
