import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A clock that all processes of a host share: the time since it was started, and which start that was.
struct HostClock: Sendable {
  /// The time since the start; it goes on while the machine sleeps, and cannot be set.
  var clock: StoreClock
  /// The name of the start. Times of another one mean nothing.
  var boot: String

  /// The clock of this host.
  static var system: HostClock {
    HostClock(
      clock: StoreClock(
        now: { timeSinceStart() },
        sleep: { time in
          try await ContinuousClock().sleep(for: max(.zero, time - timeSinceStart()))
        }),
      boot: nameOfStart())
  }

  #if os(Linux)
    private static func timeSinceStart() -> Duration { time(CLOCK_BOOTTIME) }

    /// The kernel makes a new one at each start.
    private static func nameOfStart() -> String {
      guard
        let file = try? FileDescriptor.open("/proc/sys/kernel/random/boot_id", .readOnly)
      else { return "unknown" }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
      try? file.close()
      return String(decoding: bytes[..<count].filter { $0 > 0x20 }, as: UTF8.self)
    }
  #else
    // On Darwin this clock counts while the machine sleeps.
    private static func timeSinceStart() -> Duration { time(CLOCK_MONOTONIC) }

    private static func nameOfStart() -> String {
      var start = timeval()
      var size = MemoryLayout<timeval>.size
      sysctlbyname("kern.boottime", &start, &size, nil, 0)
      return "\(start.tv_sec)"
    }
  #endif

  private static func time(_ id: clockid_t) -> Duration {
    var time = timespec()
    clock_gettime(id, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
}

extension Duration {
  /// The whole nanoseconds, within the range of an Int64.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000
  }
}
