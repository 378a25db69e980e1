/// What says where the source map of a script or stylesheet is: `//# sourceMappingURL=app.js.map` (ECMA-426).
enum SourceMapComment {
  /// The bytes of a script's end that are looked at: a comment in its last line, which may hold a whole map as a `data:` URL that
  /// concerns nobody.
  static let maximumLine = 8_192

  private static let marker = Array("sourceMappingURL=".utf8)

  /// The source map that the last line of a script names, blank lines aside.
  static func find(inScript bytes: [UInt8]) -> AssetReference? {
    guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return nil }
    let limit = max(0, last - maximumLine)
    var start = last
    while start > limit, bytes[start - 1] != 0x0A, bytes[start - 1] != 0x0D { start -= 1 }
    while isSpace(bytes[start]) { start += 1 }
    guard start + 1 <= last, bytes[start] == UInt8(ascii: "/") else { return nil }
    switch bytes[start + 1] {
    case UInt8(ascii: "/"): return reference(in: bytes, start + 2..<last + 1)
    case UInt8(ascii: "*"):
      let ending = Array("*/".utf8)
      guard last - start >= 3, bytes[last - 1...last].elementsEqual(ending) else { return nil }
      return reference(in: bytes, start + 2..<last - 1)
    default: return nil
    }
  }

  /// What the text of a comment names as its source map: `# sourceMappingURL=app.css.map`.
  static func reference(in bytes: [UInt8], _ comment: Range<Int>) -> AssetReference? {
    guard let first = comment.first,
      bytes[first] == UInt8(ascii: "#") || bytes[first] == UInt8(ascii: "@")
    else { return nil }
    var start = first + 1
    while start < comment.upperBound, isSpace(bytes[start]) { start += 1 }
    guard start > first + 1, bytes[start..<comment.upperBound].starts(with: marker) else {
      return nil
    }
    start += marker.count
    var end = start
    while end < comment.upperBound, !isSpace(bytes[end]) { end += 1 }
    // Nothing but spaces may follow.
    guard bytes[end..<comment.upperBound].allSatisfy(isSpace) else { return nil }
    var text = AssetReferenceText(at: start)
    for index in start..<end {
      text.append(CollectionOfOne(bytes[index]), writtenAt: index..<index + 1)
    }
    var reference = text.finished(at: end)
    reference?.isForTools = true
    return reference
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
  }
}
