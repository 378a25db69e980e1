/// One thing that is measured, by itself or with the others of its suite.
struct Measurement: Sendable {
  /// What to call it with `--only`.
  var name: String
  /// What it measures, in a line.
  var purpose: String
  /// Measures and prints.
  var run: @Sendable (_ report: Report, _ scale: Scale) async throws -> Void

  /// Those of each suite, in the order in which they run.
  static let suites: [String: [Measurement]] = [
    "watch": [.rename, .settling, .start, .globs],
    "config": [.reading, .broadcast, .reload, .observing, .documents, .saves, .endurance],
    "reload": [.underLoad],
    "content": [.templates],
    "fleet": [.rollout],
  ]
}

/// How much is measured.
enum Scale {
  case full
  case quick

  /// The number, or a part of it where little time is to be spent.
  func count(_ full: Int) -> Int {
    switch self {
    case .full: full
    case .quick: max(full / 5, 1)
    }
  }
}

/// What the command line asks for.
struct Options {
  var measurements: [Measurement]
  var scale = Scale.full

  init(_ arguments: [String]) throws(UsageError) {
    guard let suite = arguments.first, let all = Measurement.suites[suite] else {
      throw UsageError(
        message: "the first argument must be one of "
          + Measurement.suites.keys.sorted().joined(separator: ", "))
    }
    measurements = all
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--quick":
        scale = .quick
      case "--only":
        let name = rest.popFirst()
        measurements = all.filter { $0.name == name }
        guard !measurements.isEmpty else {
          throw UsageError(
            message: "--only must be followed by one of "
              + all.map(\.name).joined(separator: ", "))
        }
      default:
        throw UsageError(message: "unknown argument '\(argument)'; there are --quick, --only NAME")
      }
    }
  }
}

/// A command line that means nothing.
struct UsageError: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}
