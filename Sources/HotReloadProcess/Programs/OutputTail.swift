/// The last bytes of what a program printed.
struct OutputTail: Sendable {
  /// How many bytes are kept.
  static let capacity = 32_768

  private(set) var bytes: [UInt8] = []
  private(set) var isCut = false

  mutating func append(_ more: some Collection<UInt8>) {
    bytes += more
    // Twice the capacity, so that not each piece moves the rest.
    if bytes.count > 2 * Self.capacity { cut() }
  }

  private mutating func cut() {
    guard bytes.count > Self.capacity else { return }
    bytes.removeFirst(bytes.count - Self.capacity)
    isCut = true
  }

  /// The last lines, without an empty one at the end.
  func lines(_ limit: Int) -> [String] {
    var tail = self
    tail.cut()
    var lines = tail.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.suffix(limit).map { String(decoding: $0, as: UTF8.self) }
  }
}
