/// How long to wait before the next attempt.
struct RetryPlan: Sendable {
  let firstDelay: Duration
  let maximumDelay: Duration
  let maximumRetryAfter: Duration
  /// A number from 0 to 1, another one each time.
  var chance: @Sendable () -> Double = { Double.random(in: 0...1) }

  init(_ options: WebhookOptions) {
    firstDelay = options.firstDelay
    maximumDelay = options.maximumDelay
    maximumRetryAfter = options.maximumRetryAfter
  }

  /// The longest pause that there can be.
  var longestPause: Duration { max(maximumDelay, maximumRetryAfter) }

  /// The pause after so many attempts, 1 at least.
  /// - Parameter retryAfter: what the server asked for.
  func pause(after attempts: Int, retryAfter: Duration?) -> Duration {
    var delay = firstDelay
    for _ in 1..<max(attempts, 1) where delay < maximumDelay {
      delay = min(delay * 2, maximumDelay)
    }
    let spread = delay / 2 + delay / 2 * chance()
    return max(spread, min(retryAfter ?? .zero, maximumRetryAfter))
  }

  /// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3). Nil if it is neither.
  /// - Parameter now: seconds since 1970.
  static func duration(of text: String, now: Int64) -> Duration? {
    let text = text.trimmed
    if !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
      // One that does not fit is longer than any bound.
      return .seconds(Int64(text) ?? Int64(Int32.max))
    }
    return secondsSince1970(of: text).map { .seconds(max($0 - now, 0)) }
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT`. Servers send no other form any more.
  private static func secondsSince1970(of date: String) -> Int64? {
    let parts = date.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3]),
      (1970...9999).contains(year)
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    guard time.count == 3, let hour = time[0], let minute = time[1], let second = time[2],
      (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    return days(year, Int64(month + 1), day) * 86_400 + hour * 3_600 + minute * 60 + second
  }

  /// Days since 1970 in the Gregorian calendar. Years begin in March here, so that a leap day is the last of one.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let monthFromMarch = (month + 9) % 12
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }
}

extension String {
  /// Without spaces and tabs at its ends.
  fileprivate var trimmed: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
