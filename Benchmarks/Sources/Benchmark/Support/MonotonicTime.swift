import Glibc

/// The monotonic clock, in nanoseconds. All threads and processes share it.
func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How long `body` takes, in nanoseconds.
func nanoseconds(of body: () throws -> Void) rethrows -> Double {
  let start = monotonicNanoseconds()
  try body()
  return Double(monotonicNanoseconds() - start)
}

/// How long the calling thread computes for `body`, in nanoseconds: what others do on the machine does not count.
func computingNanoseconds(of body: () throws -> Void) rethrows -> Double {
  func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
  let start = now()
  try body()
  return Double(now() - start)
}

/// Suspends the calling thread.
func sleepThread(microseconds: Int) {
  usleep(UInt32(clamping: microseconds))
}
