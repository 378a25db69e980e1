#if THREAD_SANITIZER
  import WorkspaceFiles

  /// See `PosixMutex`.
  typealias Mutex<Value: ~Copyable> = PosixMutex<Value>
#endif
