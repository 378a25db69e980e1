#if canImport(Darwin)
  import Darwin

  /// What wakes the reader thread: a pipe that it polls.
  struct WakeChannel: Sendable {
    /// What there is to do.
    struct Ready: OptionSet {
      var rawValue: CInt
      static let hints = Ready(rawValue: 1)
      static let wake = Ready(rawValue: 2)
    }

    private let readEnd: CInt
    private let writeEnd: CInt

    init() throws(WatchError) {
      var ends: [CInt] = [-1, -1]
      guard pipe(&ends) == 0 else { throw WatchError(errorNumber: errno) }
      (readEnd, writeEnd) = (ends[0], ends[1])
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
    }

    func wake() {
      var byte: UInt8 = 1
      // A full pipe wakes just as well.
      _ = write(writeEnd, &byte, 1)
    }

    func acknowledge() {
      var bytes = [UInt8](repeating: 0, count: 256)
      while read(readEnd, &bytes, bytes.count) == bytes.count {}
    }

    func close() {
      _ = Darwin.close(readEnd)
      _ = Darwin.close(writeEnd)
    }

    /// Waits until there is something to do, or for so long; without a time for ever.
    func wait(orFor queue: CInt?, atMost timeout: Nanoseconds?) -> Ready {
      var descriptors = [
        pollfd(fd: queue ?? -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
      ]
      // Rounded up, so that the thread does not wake before its time again and again.
      let milliseconds = timeout.map { CInt(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
      guard poll(&descriptors, 2, milliseconds) > 0 else { return [] }
      var ready: Ready = []
      if descriptors[0].revents != 0 { ready.insert(.hints) }
      if descriptors[1].revents != 0 { ready.insert(.wake) }
      return ready
    }
  }
#endif
