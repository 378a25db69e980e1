import Glibc

/// The monotonic clock, in nanoseconds. All threads and processes share it.
func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }

/// How long all threads of this process have computed, in nanoseconds.
func processComputingNanoseconds() -> Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
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
  let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
  try body()
  return Double(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start)
}

/// Suspends the calling thread.
func sleepThread(microseconds: Int) {
  usleep(UInt32(clamping: microseconds))
}
