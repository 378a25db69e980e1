import Glibc

/// Lines on a terminal that are drawn over the ones before. Lines are cut at the terminal's edges: what wraps or scrolls could not be
/// drawn over.
struct TerminalBlock {
  /// How large a terminal is whose size is not known.
  static let usual = (columns: 80, rows: 24)

  private let size: @Sendable () -> (columns: Int, rows: Int)
  private var drawn = 0

  /// A block on a terminal of some size.
  init(size: @escaping @Sendable () -> (columns: Int, rows: Int)) {
    self.size = size
  }

  /// A block on what the output is; nil if that is no terminal on which the cursor can be moved.
  init?(of output: StandardOutput) {
    let descriptor = output.descriptor
    let kind = getenv("TERM").map { String(cString: $0) } ?? "dumb"
    guard isatty(descriptor) == 1, kind != "dumb" else { return nil }
    self.init {
      var size = winsize()
      guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
      else { return Self.usual }
      return (Int(size.ws_col), Int(size.ws_row))
    }
  }

  /// What draws these lines over those that were drawn last.
  mutating func replacing(with lines: [UInt8]) -> [UInt8] {
    let (columns, rows) = size()
    let all = String(decoding: lines, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast()
    let room = max(rows - 1, 1)
    var shown = all.map { String($0.prefix(columns)) }
    if shown.count > room {
      let rest = shown.count - (room - 1)
      shown = shown.prefix(room - 1) + [String("... and \(rest) lines more".prefix(columns))]
    }
    // Up to the first line, and everything from there away.
    let start = drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : ""
    drawn = shown.count
    return Array((start + shown.map { $0 + "\n" }.joined()).utf8)
  }
}
