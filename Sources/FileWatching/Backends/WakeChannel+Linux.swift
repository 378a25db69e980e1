#if os(Linux)
  import CSystemShims
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// What wakes the reader thread: an eventfd that it polls together with the kernel's queue.
  struct WakeChannel: Sendable {
    /// What there is to do.
    struct Ready: OptionSet {
      var rawValue: CInt
      static let hints = Ready(rawValue: 1)
      static let wake = Ready(rawValue: 2)
    }

    private let descriptor: CInt

    init() throws(WatchError) {
      descriptor = shim_wake_descriptor()
      guard descriptor >= 0 else { throw WatchError(errorNumber: errno) }
    }

    func wake() {
      _ = shim_wake(descriptor)
    }

    func acknowledge() {
      shim_wake_acknowledge(descriptor)
    }

    func close() {
      _ = Glibc.close(descriptor)
    }

    /// Waits until there is something to do, or for so long; without a time for ever.
    func wait(orFor queue: CInt?, atMost timeout: Nanoseconds?) -> Ready {
      Ready(rawValue: max(0, shim_poll_two(queue ?? -1, descriptor, timeout ?? -1)))
    }
  }
#endif
