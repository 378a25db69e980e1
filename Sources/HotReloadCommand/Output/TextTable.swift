/// Columns for people: as wide as their widest cell, with two spaces between them, nothing at the end of a line.
struct TextTable {
  private var rows: [[String]] = []
  /// The columns whose cells stand at their right end: numbers.
  let numbers: Set<Int>

  init(numbers: Set<Int> = []) { self.numbers = numbers }

  /// Adds a row. Control characters in it are escaped.
  mutating func add(_ cells: String...) { rows.append(cells.map { printable($0) }) }

  /// The lines, each after `indent`, without newlines.
  func lines(indent: String = "") -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = indent
      for (column, cell) in row.enumerated() {
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        line += (column > 0 ? "  " : "") + (numbers.contains(column) ? gap + cell : cell + gap)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

/// A length of time for people: `840 ns`, `1.84 ms`, `3 min 12 s`, `2 d 4 h`.
func spanText(_ nanoseconds: Int64) -> String {
  let amount = max(0, nanoseconds)
  func decimal(_ unit: Int64, _ name: String) -> String {
    let hundredths = (amount + unit / 200) / (unit / 100)
    let fraction = String(100 + hundredths % 100).dropFirst()
    return "\(hundredths / 100).\(fraction) \(name)"
  }
  let seconds = amount / 1_000_000_000
  switch amount {
  case ..<1_000: return "\(amount) ns"
  case ..<1_000_000: return "\(amount / 1_000) us"
  case ..<1_000_000_000: return decimal(1_000_000, "ms")
  case ..<60_000_000_000: return decimal(1_000_000_000, "s")
  default: break
  }
  switch seconds {
  case ..<3_600: return "\(seconds / 60) min \(seconds % 60) s"
  case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
  default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
  }
}
