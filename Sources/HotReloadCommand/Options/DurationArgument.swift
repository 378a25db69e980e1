import ArgumentParser

/// A length of time on the command line: a number and a unit, such as `20ms`, `1.5s` or `0`.
struct DurationArgument: ExpressibleByArgument, Hashable, CustomStringConvertible {
  /// The longest time that is accepted.
  static let maximumSeconds = 86_400.0

  /// The length of time; never negative, at most a day.
  let duration: Duration
  /// What was typed.
  let description: String

  /// One second.
  static let second = DurationArgument(duration: .seconds(1), description: "1s")

  private init(duration: Duration, description: String) {
    self.duration = duration
    self.description = description
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits) else { return nil }
    let seconds: Double
    switch argument.dropFirst(digits.count) {
    case "us": seconds = number / 1_000_000
    case "ms": seconds = number / 1_000
    case "s": seconds = number
    case "m": seconds = number * 60
    case "h": seconds = number * 3_600
    case "" where number == 0: seconds = 0
    default: return nil
    }
    guard seconds <= Self.maximumSeconds else { return nil }
    duration = .nanoseconds(Int64((seconds * 1_000_000_000).rounded()))
    description = argument
  }
}
