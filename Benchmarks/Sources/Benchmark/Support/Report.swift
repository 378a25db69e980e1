import Foundation

/// What is to be reached. Missing it is shown, and fails nothing: the machine may be busy.
enum Target {
  /// At most so many times the floor.
  case ratio(Double)
  /// At most this, in the unit of the figure.
  case atMost(Double)
  /// At least this, in the unit of the figure.
  case atLeast(Double)
  /// This and nothing else.
  case exactly(Double)

  func isMet(figure: Double, floor: Double?) -> Bool {
    switch self {
    case .ratio(let limit): figure <= limit * (floor ?? .nan)
    case .atMost(let limit): figure <= limit
    case .atLeast(let limit): figure >= limit
    case .exactly(let value): figure == value
    }
  }

  func text(in unit: Unit) -> String {
    switch self {
    case .ratio(let limit): "<= \(limit.formatted(places: 1))x"
    case .atMost(let limit): "<= \(unit.text(limit))"
    case .atLeast(let limit): ">= \(unit.text(limit))"
    case .exactly(let value): "= \(unit.text(value))"
    }
  }
}

/// What a figure counts.
enum Unit {
  /// Nanoseconds, shown in whatever unit is readable.
  case time
  /// Milliseconds for a megabyte (10^6 bytes).
  case millisecondsPerMegabyte
  /// Bytes, shown in MiB.
  case memory
  /// A plain number.
  case count

  func text(_ value: Double) -> String {
    switch self {
    case .time:
      switch abs(value) {
      case ..<1e3: value.formatted(places: 1) + " ns"
      case ..<1e6: (value / 1e3).formatted(places: 1) + " us"
      case ..<1e9: (value / 1e6).formatted(places: 2) + " ms"
      default: (value / 1e9).formatted(places: 2) + " s"
      }
    case .millisecondsPerMegabyte: value.formatted(places: 1) + " ms/MB"
    case .memory: (value / 1_048_576).formatted(places: 1) + " MiB"
    case .count: value.formatted(places: 2)
    }
  }
}

extension Double {
  /// With so many decimal places.
  func formatted(places: Int) -> String {
    isNaN ? "-" : String(format: "%.\(places)f", self)
  }
}

/// The table of a suite, printed as it grows.
final class Report {
  private static let widths = [54, 12, 12, 9, 15]
  private var isHeaderPrinted = false

  /// Says what is being measured now.
  func note(_ text: String) {
    print("# \(text)")
  }

  /// Prints one figure beside what bounds it from below.
  /// - Parameter floor: measured in the same rounds; nil where nothing is comparable.
  func row(
    _ name: String, _ figure: Double, floor: Double? = nil, unit: Unit = .time,
    target: Target? = nil
  ) {
    if !isHeaderPrinted {
      isHeaderPrinted = true
      line(["measure", "figure", "floor", "ratio", "target"], verdict: "")
    }
    line(
      [
        name, unit.text(figure), floor.map(unit.text) ?? "-",
        floor.flatMap { $0 > 0 ? (figure / $0).formatted(places: 2) + "x" : nil } ?? "-",
        target?.text(in: unit) ?? "-",
      ],
      verdict: target.map { $0.isMet(figure: figure, floor: floor) ? "met" : "MISSED" } ?? "")
  }

  private func line(_ cells: [String], verdict: String) {
    var text = ""
    for (index, (cell, width)) in zip(cells, Self.widths).enumerated() {
      let room = String(repeating: " ", count: max(0, width - cell.count))
      text += index == 0 ? cell + room : room + cell
    }
    print(verdict.isEmpty ? text : "\(text)  \(verdict)")
    fflush(nil)
  }
}
