import HotReloadTesting
import Testing

@testable import HotReloadBrowser

@Suite("The request timer")
struct RequestTimerTests {
  private static let start: Int64 = 1_700_000_000_000_000_000
  private static let second: Int64 = 1_000_000_000

  @Test("counts a request in the slice in which it ended, and leaves empty slices out")
  func slices() {
    let timer = RequestTimer()
    timer.record(.milliseconds(2), at: Self.start)
    timer.record(.milliseconds(4), failed: true, at: Self.start + RequestTimer.slice - 1)
    timer.record(.milliseconds(1), at: Self.start + 3 * RequestTimer.slice)
    let strip = timer.strip(Self.start..<Self.start + Self.second)
    #expect(strip.from == Self.start && strip.width == RequestTimer.slice)
    #expect(strip.at == [0, 3])
    #expect(strip.count == [2, 1])
    #expect(strip.errors == [1, 0])
    #expect(strip.longest == [4_000, 1_000])
    #expect(timer.strip(Self.start..<Self.start).at.isEmpty)
  }

  @Test("sums a time up without what was before and after it")
  func summary() {
    let timer = RequestTimer()
    for offset in 0..<30 {
      timer.record(.milliseconds(offset), at: Self.start + Int64(offset) * RequestTimer.slice)
    }
    let ten = timer.summary(
      Self.start + 10 * RequestTimer.slice..<Self.start + 20 * RequestTimer.slice)
    #expect(ten.count == 10 && ten.errors == 0 && ten.longest == 19_000)
    #expect(timer.summary(Self.start..<Self.start).count == 0)
  }

  @Test("merges slices at multiples of their width, so that bars do not change as time goes on")
  func merging() {
    let timer = RequestTimer()
    for offset in 0..<20 {
      timer.record(.milliseconds(1), at: Self.start + Int64(offset) * RequestTimer.slice)
    }
    let whole = timer.strip(Self.start..<Self.start + 2 * Self.second, merging: 5)
    #expect(whole.width == 5 * RequestTimer.slice)
    #expect(whole.at == [0, 1, 2, 3] && whole.count == [5, 5, 5, 5])
    let later = timer.strip(
      Self.start + RequestTimer.slice..<Self.start + 2 * Self.second, merging: 5)
    #expect(later == whole)
  }

  @Test("forgets what is older than its span, and nothing of it comes back as something newer")
  func span() {
    let timer = RequestTimer()
    timer.record(.milliseconds(1), at: Self.start)
    let later = Self.start + RequestTimer.span
    #expect(timer.summary(later..<later + Self.second).count == 0)
    timer.record(.milliseconds(9), at: later)
    #expect(timer.summary(Self.start..<Self.start + Self.second).count == 0)
    #expect(timer.summary(later..<later + Self.second).longest == 9_000)
    // However long the time that is asked for, each slice is taken once.
    #expect(timer.summary(0..<Int64.max).count == 0)
    #expect(timer.summary(Self.start..<later + 9 * Self.second).count <= 1)
  }

  @Test("goes on counting when the wall clock is set back")
  func setBack() {
    let timer = RequestTimer()
    timer.record(.milliseconds(1), at: Self.start)
    let earlier = Self.start - 7 * RequestTimer.span
    timer.record(.milliseconds(2), at: earlier)
    timer.record(.milliseconds(3), at: -5)
    #expect(timer.summary(earlier..<earlier + Self.second).longest == 2_000)
    #expect(timer.summary(0..<Self.second).count == 1)
  }

  @Test("takes durations that no request has")
  func extremes() {
    let timer = RequestTimer()
    timer.record(.seconds(Int64.max), at: Self.start)
    timer.record(.seconds(-3), at: Self.start)
    let all = timer.summary(Self.start..<Self.start + Self.second)
    #expect(all.count == 2 && all.longest == Int64.max / 1_000)
    #expect(all.p50 >= 0)
  }

  @Test("gives percentiles that are never too small, and at most 19 % too large")
  func percentiles() {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<200 {
      var counts = DurationCounts()
      let durations = (0..<Int.random(in: 1...300, using: &generator)).map { _ in
        Int64.random(in: 20_000...5_000_000_000, using: &generator)
          >> Int64.random(in: 0...10, using: &generator)
      }
      for duration in durations { counts.add(duration, failed: false) }
      let sorted = durations.sorted()
      for percent in [50, 95] {
        let exact = sorted[max(1, (sorted.count * percent + 99) / 100) - 1]
        let shown = counts.percentile(percent)
        #expect(shown >= exact)
        #expect(Double(shown) <= max(Double(exact) * 1.1893, 19_485))
      }
    }
  }

  @Test("loses no request that several threads record at once")
  func threads() async {
    let timer = RequestTimer()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for offset in 0..<1_000 {
            timer.record(.microseconds(offset), at: Self.start + Int64(offset))
          }
        }
      }
    }
    #expect(timer.summary(Self.start..<Self.start + Self.second).count == 4_000)
  }
}
