import Glibc

/// Something was not as promised.
struct BrokenPromise: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Blocks this thread.
func block(_ duration: Duration) {
  let (seconds, attoseconds) = duration.components
  var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
  nanosleep(&time, nil)
}

/// How long the tour waits for anything that it was promised.
let promiseLimit = Duration.seconds(15)

/// Asks again and again, for at most ``promiseLimit``, until there is an answer.
func waitFor<Answer>(
  _ promise: String, every interval: Duration = .milliseconds(1), _ ask: () throws -> Answer?
) throws -> Answer {
  let end = ContinuousClock.now + promiseLimit
  while true {
    if let answer = try ask() { return answer }
    if ContinuousClock.now > end { throw BrokenPromise("within \(promiseLimit): \(promise)") }
    block(interval)
  }
}

extension Duration {
  /// In milliseconds, with one digit behind the point.
  var milliseconds: String {
    let tenths = Int((self / .microseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10) ms"
  }

  /// In seconds.
  var seconds: Double { self / .seconds(1) }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
