/// A tag of a template.
struct StencilTag {
  enum Kind {
    case variable, block, comment
  }

  var kind: Kind
  /// All of it.
  var range: Range<Int>
  /// What is between the signs, without white space around it.
  var content: Range<Int>
  /// Whether white space before and after it is left out: `{%-` and `-%}`.
  var trims: (before: Bool, after: Bool)
}

/// Finds tags in UTF-8, where Stencil finds them.
struct StencilScanner {
  let bytes: [UInt8]
  var offset = 0

  /// The next tag; nil if there is none any more.
  /// - Throws: if it is not closed.
  mutating func next() throws(StencilScanError) -> StencilTag? {
    guard let start = nextStart() else { return nil }
    let closing: UInt8 =
      bytes[start + 1] == UInt8(ascii: "{") ? UInt8(ascii: "}") : bytes[start + 1]
    var end = start + 2
    // As in Stencil, the sign that opens a tag may also close it: `{%}`.
    if closing == UInt8(ascii: "}") { end += 1 }
    while end < bytes.count, !(bytes[end - 1] == closing && bytes[end] == UInt8(ascii: "}")) {
      end += 1
    }
    guard end < bytes.count else {
      let signs = String(decoding: [bytes[start], bytes[start + 1]], as: UTF8.self)
      let wanted = String(decoding: [closing, UInt8(ascii: "}")], as: UTF8.self)
      throw StencilScanError(
        offset: start, message: "the tag \(signs) is not closed with \(wanted)")
    }
    offset = end + 1
    return tag(start..<(end + 1), closing)
  }

  private func nextStart() -> Int? {
    guard bytes.count >= 2 else { return nil }
    return (offset..<max(offset, bytes.count - 1)).first { index in
      bytes[index] == UInt8(ascii: "{") && [0x7B, 0x25, 0x23].contains(bytes[index + 1])
    }
  }

  private func tag(_ range: Range<Int>, _ closing: UInt8) -> StencilTag {
    let kind: StencilTag.Kind =
      switch closing {
      case UInt8(ascii: "}"): .variable
      case UInt8(ascii: "%"): .block
      default: .comment
      }
    var content =
      range.count >= 4
      ? (range.lowerBound + 2)..<(range.upperBound - 2) : range.lowerBound..<range.lowerBound
    var trims = (before: false, after: false)
    if kind == .block {
      if let first = content.first, Self.marks.contains(bytes[first]) {
        trims.before = bytes[first] == UInt8(ascii: "-")
        content.removeFirst()
      }
      if let last = content.last, Self.marks.contains(bytes[last]) {
        trims.after = bytes[last] == UInt8(ascii: "-")
        content.removeLast()
      }
    }
    while let first = content.first, Self.isSpace(bytes[first]) { content.removeFirst() }
    while let last = content.last, Self.isSpace(bytes[last]) { content.removeLast() }
    return StencilTag(kind: kind, range: range, content: content, trims: trims)
  }

  private static let marks: [UInt8] = [UInt8(ascii: "-"), UInt8(ascii: "+")]

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}

/// What is wrong with a tag.
struct StencilScanError: Error {
  var offset: Int
  var message: String
}
