import HotReload
import WorkspaceTools

/// The last transactions, the newest first, and the requests around them. Pure: times come from outside.
struct DashboardHistory: Sendable {
  /// How many transactions are kept; the oldest goes first.
  static let limit = 200
  /// How much before the begin of a reload and after its end requests are shown, in nanoseconds: three seconds.
  static let surroundings: Int64 = 3_000_000_000

  /// The newest first.
  private(set) var reloads: [DashboardReload] = []
  private var last = 0

  /// Whether some reload's surroundings are not over yet.
  var isWaiting: Bool { reloads.contains { $0.latency?.isComplete != true } }

  /// Adds a transaction in front, and gives it its number.
  mutating func add(_ reload: DashboardReload) {
    last += 1
    var numbered = reload
    numbered.number = last
    reloads.insert(numbered, at: 0)
    if reloads.count > Self.limit { reloads.removeLast(reloads.count - Self.limit) }
  }

  /// Takes in the requests around reloads, as far as they are known.
  ///
  /// - Parameter now: nanoseconds since 1970. Surroundings that have been over for a slice are not asked for again.
  mutating func update(from timer: RequestTimer, now: Int64) {
    for index in reloads.indices where reloads[index].latency?.isComplete != true {
      let reload = reloads[index]
      let times = Self.times(around: reload)
      reloads[index].latency = DashboardReload.Latency(
        strip: timer.strip(times),
        before: timer.summary(times.lowerBound..<reload.began),
        after: timer.summary(reload.began..<times.upperBound),
        isComplete: now >= times.upperBound + RequestTimer.slice)
    }
  }

  /// From when until when requests are shown. A very long reload is shown with what the timer remembers of it.
  private static func times(around reload: DashboardReload) -> Range<Int64> {
    let end = reload.time + surroundings
    let begin = max(reload.began - surroundings, end - RequestTimer.span)
    return begin..<end
  }
}
