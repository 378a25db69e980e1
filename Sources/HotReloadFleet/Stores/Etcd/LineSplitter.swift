/// Cuts a stream of bytes into lines, of which none may be longer than a bound.
struct LineSplitter {
  /// A line is too long.
  struct TooLong: Error {}

  let limit: Int
  private var rest: [UInt8] = []

  init(limit: Int) {
    self.limit = limit
  }

  /// The lines that end within these bytes, without their ends. Empty ones are left out.
  mutating func lines(in bytes: some Collection<UInt8>) throws(TooLong) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var part = bytes[...]
    while let end = part.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest + part[..<end]
      guard line.count <= limit else { throw TooLong() }
      if !line.isEmpty { lines.append(line) }
      rest = []
      part = part[part.index(after: end)...]
    }
    rest += part
    guard rest.count <= limit else { throw TooLong() }
    return lines
  }
}
