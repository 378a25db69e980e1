/// A date, a time or both, as TOML has them, to the nanosecond.
public struct ConfigDate: Sendable, Hashable, CustomStringConvertible {
  /// Which parts there are.
  public enum Kind: UInt8, Sendable, Hashable {
    /// A moment: date, time and offset from UTC.
    case offsetDateTime
    /// Date and time, without saying where.
    case localDateTime
    /// A date only.
    case localDate
    /// A time of day only.
    case localTime
  }

  // In this order they take 14 bytes, which keeps every value of a tree small.
  /// 0...999_999_999.
  public let nanosecond: UInt32
  /// 1...9999.
  public let year: Int16
  /// Minutes east of UTC, -1439...1439.
  public let offsetMinutes: Int16
  /// 1...12.
  public let month: UInt8
  /// 1...31, existing in that month.
  public let day: UInt8
  /// 0...23.
  public let hour: UInt8
  /// 0...59.
  public let minute: UInt8
  /// 0...59.
  public let second: UInt8
  /// Which of the other parts count.
  public let kind: Kind

  init(
    kind: Kind, year: Int = 1, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0,
    second: Int = 0, nanosecond: Int = 0, offsetMinutes: Int = 0
  ) {
    self.kind = kind
    self.year = Int16(clamping: year)
    self.month = UInt8(clamping: month)
    self.day = UInt8(clamping: day)
    self.hour = UInt8(clamping: hour)
    self.minute = UInt8(clamping: minute)
    self.second = UInt8(clamping: second)
    self.nanosecond = UInt32(clamping: nanosecond)
    self.offsetMinutes = Int16(clamping: offsetMinutes)
  }

  /// The date or time that `text` says in ISO 8601 as TOML takes it (`1979-05-27T07:32:00Z`,
  /// `1979-05-27 07:32:00.5`, `1979-05-27`, `07:32:00`); nil if it says none.
  public init?(_ text: String) {
    var text = text
    let parsed = text.withUTF8 { bytes in ConfigDate.parse(bytes) }
    guard let (date, length) = parsed, length == text.utf8.count else { return nil }
    self = date
  }

  /// ISO 8601, with `Z` for UTC and as many digits of a second's fraction as are needed.
  public var description: String {
    var text = ""
    if kind != .localTime {
      text += "\(padded(Int(year), 4))-\(padded(Int(month), 2))-\(padded(Int(day), 2))"
    }
    if kind == .offsetDateTime || kind == .localDateTime { text += "T" }
    if kind != .localDate {
      text += "\(padded(Int(hour), 2)):\(padded(Int(minute), 2)):\(padded(Int(second), 2))"
      if nanosecond != 0 {
        var digits = padded(Int(nanosecond), 9)
        while digits.last == "0" { digits.removeLast() }
        text += ".\(digits)"
      }
    }
    if kind == .offsetDateTime {
      if offsetMinutes == 0 {
        text += "Z"
      } else {
        let minutes = abs(Int(offsetMinutes))
        text +=
          "\(offsetMinutes < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
      }
    }
    return text
  }

  /// Seconds since 1970-01-01T00:00:00Z without the fraction, for an offset date-time; nil otherwise.
  public var secondsSince1970: Int64? {
    guard kind == .offsetDateTime else { return nil }
    let days = ConfigDate.days(year: Int64(year), month: Int64(month), day: Int64(day))
    let seconds = Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
    return days * 86_400 + seconds - Int64(offsetMinutes) * 60
  }

  /// The moment so many seconds after 1970-01-01T00:00:00Z, in UTC, to the microsecond; nil outside
  /// the years 0001 to 9999.
  init?(secondsSince1970 interval: Double) {
    // Doubles near now are exact to about a quarter of a microsecond.
    guard interval.isFinite, abs(interval) < 1e12 else { return nil }
    let microseconds = Int64((interval * 1_000_000).rounded())
    let seconds = microseconds.flooredDivision(by: 1_000_000)
    let days = seconds.flooredDivision(by: 86_400)
    let secondOfDay = Int(seconds - days * 86_400)
    let (year, month, day) = ConfigDate.civil(days: days)
    guard (1...9999).contains(year) else { return nil }
    self.init(
      kind: .offsetDateTime, year: Int(year), month: Int(month), day: Int(day),
      hour: secondOfDay / 3600, minute: secondOfDay / 60 % 60, second: secondOfDay % 60,
      nanosecond: Int(microseconds - seconds * 1_000_000) * 1000)
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The inverse of ``days(year:month:day:)`` (Howard Hinnant's `civil_from_days`).
  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted.flooredDivision(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension Int64 {
  /// The quotient rounded down; `divisor` is positive.
  func flooredDivision(by divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
  }
}
