import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures how fine a file system's times are, with a file that has no name and is gone afterwards. Blocking.
enum TickProbe {
  /// How long it tries, in nanoseconds.
  static let longest: Int64 = 50_000_000
  /// How many differences are seen before the smallest counts.
  static let differences = 8

  /// Nil if no such file can be made: read-only, not permitted, or not known to the file system.
  static func measure(in folder: FilePath) -> SystemFacts.Granularity? {
    #if os(Linux)
      // The headers offer the flag to C only with a macro that Swift does not see.
      let nameless: CInt = 0o20_000_000 | O_DIRECTORY
      let descriptor = folder.withPlatformString { open($0, nameless | O_RDWR | O_CLOEXEC, 0o600) }
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      let start = now()
      var (last, smallest, seen): (Int64?, Int64, Int) = (nil, .max, 0)
      while now() - start < longest, seen < differences {
        guard pwrite(descriptor, "x", 1, 0) == 1 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let time = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        if let last, time > last {
          smallest = min(smallest, time - last)
          seen += 1
        }
        last = time
      }
      return seen > 0 ? .atMost(smallest) : .moreThan(longest)
    #else
      return nil
    #endif
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
