#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The seeds that a property test runs through: always the same ones, unless the environment asks for others, so
/// that a test that passed does not fail the next time for its seed alone.
///
///     for seed in PropertySeeds(100) {
///       var random = SeededGenerator(seed: seed)
///       // ... with `random` in the message of each expectation
///     }
///
/// `HOTRELOAD_SEED` names one seed, to repeat a failure. `HOTRELOAD_SEEDS` is how many there shall be instead of the
/// test's own number, from 1 on; 0 counts as 1. A variable that is no whole number from 0 up is ignored, and
/// standard error says so.
public struct PropertySeeds: Sequence, Sendable {
  static let oneVariable = "HOTRELOAD_SEED"
  static let countVariable = "HOTRELOAD_SEEDS"

  /// The first seed and the last.
  public let range: ClosedRange<UInt64>

  /// The seeds from 1 to `count`, which counts as 1 if it is 0.
  ///
  /// - Parameters:
  ///   - count: how many, unless the environment says otherwise.
  ///   - environment: the variables; nil for those of this process.
  public init(_ count: UInt64, environment: [String: String]? = nil) {
    if let one = Self.number(Self.oneVariable, environment) {
      range = one...one
    } else {
      range = 1...Swift.max(1, Self.number(Self.countVariable, environment) ?? count)
    }
  }

  /// Goes through the seeds in rising order.
  public func makeIterator() -> ClosedRange<UInt64>.Iterator { range.makeIterator() }

  private static func number(_ name: String, _ environment: [String: String]?) -> UInt64? {
    let text: String? =
      if let environment { environment[name] } else { getenv(name).map { String(cString: $0) } }
    guard let text else { return nil }
    if let number = UInt64(text) { return number }
    var warning = "\(name)=\(text) is no whole number from 0 up, and is ignored\n"
    warning.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    return nil
  }
}
