/// The Unicode scalars that a `[…]` accepts, as sorted ranges that do not touch, and never "/".
struct ScalarSet: Hashable {
  /// Accepted scalars. Surrogates may lie within a range; they have no encoding and are skipped.
  private(set) var ranges: [ClosedRange<UInt32>]
  /// Whether a byte that is not part of valid UTF-8 is accepted: true for negated sets.
  let acceptsStrayBytes: Bool

  private static let slash: UInt32 = 0x2F
  private static let last: UInt32 = 0x10FFFF

  /// All scalars but "/", and stray bytes: what `?` accepts.
  static let any = ScalarSet([], isNegated: true)

  init(_ members: [ClosedRange<UInt32>], isNegated: Bool) {
    acceptsStrayBytes = isNegated
    var merged: [ClosedRange<UInt32>] = []
    let excluded = isNegated ? [Self.slash...Self.slash] : []
    for range in (members + excluded).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let previous = merged.last, range.lowerBound <= previous.upperBound + 1 {
        merged[merged.count - 1] =
          previous.lowerBound...max(previous.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = isNegated ? Self.complement(of: merged) : Self.removingSlash(from: merged)
  }

  /// Whether a scalar is accepted.
  func contains(_ scalar: UInt32) -> Bool {
    ranges.contains { $0.contains(scalar) }
  }

  private static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= last { result.append(next...last) }
    return result
  }

  private static func removingSlash(
    from ranges: [ClosedRange<UInt32>]
  ) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    for range in ranges {
      guard range.contains(slash) else {
        result.append(range)
        continue
      }
      if range.lowerBound < slash { result.append(range.lowerBound...slash - 1) }
      if range.upperBound > slash { result.append(slash + 1...range.upperBound) }
    }
    return result
  }

  /// The UTF-8 encodings of the set, as sequences of one to four byte ranges whose products are
  /// disjoint and together cover the set exactly.
  ///
  /// A range is cut where the length of the encoding changes and around the surrogates, then
  /// wherever a continuation byte would not cover its whole span: the method of Russ Cox's "Regular
  /// Expression Matching in the Wild" (2010) and RE2.
  var encodings: [[ClosedRange<UInt8>]] {
    var result: [[ClosedRange<UInt8>]] = []
    let spans: [ClosedRange<UInt32>] = [
      0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x1_0000...0x10_FFFF,
    ]
    for range in ranges {
      for span in spans where range.overlaps(span) {
        Self.encode(range.clamped(to: span), into: &result)
      }
    }
    return result
  }

  /// `range` lies within one length of encoding. The recursion ends: each cut leaves fewer
  /// unaligned continuation bytes.
  private static func encode(
    _ range: ClosedRange<UInt32>, into result: inout [[ClosedRange<UInt8>]]
  ) {
    let (low, high) = (range.lowerBound, range.upperBound)
    let length = byteCount(of: high)
    for level in 1..<max(length, 1) {
      let mask: UInt32 = (1 << (6 * UInt32(level))) - 1
      guard low & ~mask != high & ~mask else { continue }
      if low & mask != 0 {
        encode(low...(low | mask), into: &result)
        encode((low | mask) + 1...high, into: &result)
        return
      }
      if high & mask != mask {
        encode(low...(high & ~mask) - 1, into: &result)
        encode((high & ~mask)...high, into: &result)
        return
      }
    }
    let (first, last) = (bytes(of: low, length), bytes(of: high, length))
    result.append(zip(first, last).map { $0...$1 })
  }

  private static func byteCount(of scalar: UInt32) -> Int {
    scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x1_0000 ? 3 : 4
  }

  private static func bytes(of scalar: UInt32, _ length: Int) -> [UInt8] {
    guard length > 1 else { return [UInt8(truncatingIfNeeded: scalar)] }
    let marks: [UInt32] = [0, 0, 0xC0, 0xE0, 0xF0]
    return (0..<length).map { index in
      let bits = scalar >> (6 * UInt32(length - 1 - index))
      let byte = index == 0 ? marks[length] | bits : 0x80 | (bits & 0x3F)
      return UInt8(truncatingIfNeeded: byte)
    }
  }
}
