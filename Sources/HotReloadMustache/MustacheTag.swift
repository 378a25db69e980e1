/// A tag of a template, between its delimiters.
struct MustacheTag {
  enum Kind {
    case variable, unescaped, section, inverted, block, parent, close, partial, comment
    case delimiters, pragma
  }

  var kind: Kind
  /// From the first byte of the opening delimiter to after the last of the closing one.
  var range: Range<Int>
  /// The name, without white space around it; of a pragma or delimiters all that is written.
  var name: String
  /// Where the name begins.
  var nameOffset: Int
}

/// Which delimiters hold, and whether values are escaped. Both end with the section that they were set in.
struct MustacheMode {
  var open = Array("{{".utf8)
  var close = Array("}}".utf8)
  var escapes = true
}

/// Finds tags in UTF-8, where swift-mustache finds them.
struct MustacheScanner {
  let bytes: [UInt8]
  /// Where the next tag is looked for.
  var offset = 0

  /// The next tag; nil if there is none any more.
  /// - Throws: where it stands, and what is wrong, if it is not closed.
  mutating func next(_ mode: MustacheMode) throws(MustacheScanError) -> MustacheTag? {
    guard let start = find(mode.open, from: offset) else { return nil }
    var inner = start + mode.open.count
    let sigil = inner < bytes.count ? bytes[inner] : 0
    let kind = Self.kinds[sigil] ?? .variable
    if kind != .variable { inner += 1 }
    let opening = String(decoding: mode.open, as: UTF8.self)
    let closing = String(decoding: mode.close, as: UTF8.self)
    let isTriple = sigil == UInt8(ascii: "{")
    let afterDelimiters =
      kind == .delimiters ? find([UInt8(ascii: "=")] + mode.close, from: inner) : inner
    guard let searched = afterDelimiters, let end = find(mode.close, from: searched) else {
      throw MustacheScanError(
        offset: start, message: "the tag \(opening) is not closed with \(closing)")
    }
    var content = inner..<end
    var after = end + mode.close.count
    if isTriple {
      if end > inner, bytes[end - 1] == UInt8(ascii: "}") {
        content = inner..<(end - 1)
      } else if after < bytes.count, bytes[after] == UInt8(ascii: "}") {
        after += 1
      } else {
        throw MustacheScanError(
          offset: start, message: "the tag \(opening){ is not closed with }\(closing)")
      }
    }
    if kind == .delimiters, content.count > 0 { content = inner..<(end - 1) }
    offset = after
    let trimmed = trim(content)
    return MustacheTag(
      kind: kind, range: start..<after, name: String(decoding: bytes[trimmed], as: UTF8.self),
      nameOffset: trimmed.lowerBound)
  }

  private static let kinds: [UInt8: MustacheTag.Kind] = [
    UInt8(ascii: "#"): .section, UInt8(ascii: "^"): .inverted, UInt8(ascii: "$"): .block,
    UInt8(ascii: "<"): .parent, UInt8(ascii: "/"): .close, UInt8(ascii: ">"): .partial,
    UInt8(ascii: "!"): .comment, UInt8(ascii: "="): .delimiters, UInt8(ascii: "%"): .pragma,
    UInt8(ascii: "{"): .unescaped, UInt8(ascii: "&"): .unescaped,
  ]

  private func find(_ wanted: [UInt8], from start: Int) -> Int? {
    guard let first = wanted.first, start <= bytes.count - wanted.count else { return nil }
    for offset in start...(bytes.count - wanted.count)
    where bytes[offset] == first && bytes[offset..<(offset + wanted.count)].elementsEqual(wanted) {
      return offset
    }
    return nil
  }

  private func trim(_ range: Range<Int>) -> Range<Int> {
    var range = range
    while let first = range.first, Self.isSpace(bytes[first]) { range.removeFirst() }
    while let last = range.last, Self.isSpace(bytes[last]) { range.removeLast() }
    return range
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}

/// What is wrong with a tag.
struct MustacheScanError: Error {
  var offset: Int
  var message: String
}
