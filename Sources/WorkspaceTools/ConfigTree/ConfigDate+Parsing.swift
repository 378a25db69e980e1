extension ConfigDate {
  /// The longest date or time at the start of `bytes`, and its length; nil if there is none, or one
  /// that does not exist (February 30, 25:00:00).
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (ConfigDate, length: Int)? {
    var reader = Reader(bytes: bytes)
    if bytes.count > 2, bytes[2] == UInt8(ascii: ":") {
      guard let time = reader.time() else { return nil }
      let date = ConfigDate(
        kind: .localTime, hour: time.hour, minute: time.minute, second: time.second,
        nanosecond: time.nanosecond)
      return (date, reader.offset)
    }
    guard let day = reader.day() else { return nil }
    guard reader.startsTime() else {
      let date = ConfigDate(kind: .localDate, year: day.year, month: day.month, day: day.day)
      return (date, reader.offset)
    }
    reader.offset += 1
    guard let time = reader.time() else { return nil }
    guard let offset = reader.zone() else { return nil }
    let date = ConfigDate(
      kind: offset.minutes == nil ? .localDateTime : .offsetDateTime,
      year: day.year, month: day.month, day: day.day,
      hour: time.hour, minute: time.minute, second: time.second, nanosecond: time.nanosecond,
      offsetMinutes: offset.minutes ?? 0)
    return (date, reader.offset)
  }

  /// What follows a time; without minutes, nothing does.
  private struct Zone {
    var minutes: Int?
  }

  /// Reads the parts of a date from bytes, never beyond their end.
  private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0

    init(bytes: UnsafeBufferPointer<UInt8>) {
      self.bytes = bytes
    }

    private func byte(_ position: Int) -> UInt8? {
      position < bytes.count ? bytes[position] : nil
    }

    private mutating func number(digits: Int) -> Int? {
      var value = 0
      for _ in 0..<digits {
        guard let byte = byte(offset), byte &- 48 < 10 else { return nil }
        value = value * 10 + Int(byte &- 48)
        offset += 1
      }
      return value
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard byte(offset) == UInt8(ascii: character) else { return false }
      offset += 1
      return true
    }

    mutating func day() -> (year: Int, month: Int, day: Int)? {
      guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
        let day = number(digits: 2), year >= 1, (1...12).contains(month)
      else { return nil }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      guard (1...lengths[month - 1]).contains(day) else { return nil }
      return (year, month, day)
    }

    /// After a date: a `T`, or a space that a digit follows.
    func startsTime() -> Bool {
      switch byte(offset) {
      case UInt8(ascii: "T"), UInt8(ascii: "t"): true
      case UInt8(ascii: " "): byte(offset + 1).map { $0 &- 48 < 10 } ?? false
      default: false
      }
    }

    mutating func time() -> (hour: Int, minute: Int, second: Int, nanosecond: Int)? {
      guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"),
        let second = number(digits: 2), hour < 24, minute < 60, second < 60
      else { return nil }
      var nanosecond = 0
      if byte(offset) == UInt8(ascii: ".") {
        offset += 1
        var unit = 100_000_000
        let start = offset
        while let byte = byte(offset), byte &- 48 < 10 {
          // Digits beyond nanoseconds are dropped, as TOML asks for.
          nanosecond += Int(byte &- 48) * unit
          unit /= 10
          offset += 1
        }
        guard offset > start else { return nil }
      }
      return (hour, minute, second, nanosecond)
    }

    /// `Z` or an offset if there is one; nil if what is there is a broken one.
    mutating func zone() -> Zone? {
      switch byte(offset) {
      case UInt8(ascii: "Z"), UInt8(ascii: "z"):
        offset += 1
        return Zone(minutes: 0)
      case UInt8(ascii: "+"), UInt8(ascii: "-"):
        let sign = byte(offset) == UInt8(ascii: "-") ? -1 : 1
        offset += 1
        guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), hour < 24,
          minute < 60
        else { return nil }
        return Zone(minutes: sign * (hour * 60 + minute))
      default:
        return Zone(minutes: nil)
      }
    }
  }
}
