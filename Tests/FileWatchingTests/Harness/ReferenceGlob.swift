/// A slow and simple glob matcher, written from the design's description alone, so that the scan that
/// tests compare with shares no code with what it tests.
struct ReferenceGlob: Sendable {
  private let alternatives: [[UInt8]]

  init(_ pattern: String) {
    alternatives = Self.expandBraces(Array(pattern.utf8))
  }

  func matches(_ path: [UInt8]) -> Bool {
    alternatives.contains { Self.match($0[...], path[...], atStart: true) }
  }

  /// The path before the first component with a wildcard, and whether that is the whole pattern.
  static func literalPrefix(of pattern: String) -> (folders: [String], isWhole: Bool) {
    let parts = pattern.split(separator: "/").map(String.init)
    let literal = parts.prefix { part in !part.contains { "*?[{\\".contains($0) } }
    return (Array(literal), literal.count == parts.count)
  }

  /// `a{b,c}d` is `abd` and `acd`; braces do not nest here.
  private static func expandBraces(_ pattern: [UInt8]) -> [[UInt8]] {
    guard let open = pattern.firstIndex(of: UInt8(ascii: "{")),
      let close = pattern[open...].firstIndex(of: UInt8(ascii: "}"))
    else { return [pattern] }
    let inner = pattern[(open + 1)..<close]
    return inner.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .flatMap { expandBraces(Array(pattern[..<open]) + $0 + Array(pattern[(close + 1)...])) }
  }

  private static func match(
    _ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, atStart: Bool
  ) -> Bool {
    let slash = UInt8(ascii: "/")
    let star = UInt8(ascii: "*")
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    if atStart && first == star && rest.first == star {
      let after = rest.dropFirst()
      if after.isEmpty { return true }
      guard after.first == slash else { return false }
      if match(after.dropFirst(), text, atStart: true) { return true }
      return text.indices.contains { index in
        text[index] == slash
          && match(after.dropFirst(), text[(index + 1)...], atStart: true)
      }
    }
    switch first {
    case star:
      if match(rest, text, atStart: false) { return true }
      guard let next = text.first, next != slash else { return false }
      return match(pattern, text.dropFirst(), atStart: false)
    case UInt8(ascii: "?"):
      guard let next = text.first, next != slash else { return false }
      return match(rest, text.dropFirst(), atStart: false)
    default:
      guard text.first == first else { return false }
      return match(rest, text.dropFirst(), atStart: first == slash)
    }
  }
}
