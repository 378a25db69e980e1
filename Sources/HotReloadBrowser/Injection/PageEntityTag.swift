/// Entity tags of pages into which the client was put.
///
/// The bytes of such a page depend on this process and its generation too. So its tag says so, and a browser that asks whether
/// its copy still is good is told so only if that copy has the same client: `"abc"` becomes `W/"abc;hotreload=1f…"`.
struct PageEntityTag: Sendable, Hashable {
  private static let mark = ";hotreload="
  /// Of the token and the generation.
  private let suffix: String

  init(token: String, generation: UInt64) {
    // FNV-1a: the tag tells versions apart, it keeps nothing secret; the token's bits do not fit into it.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(generation):\(token)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    suffix = Self.mark + String(hash, radix: 16)
  }

  /// The tag of the page with the client; nil if this is no tag.
  func marked(_ tag: String) -> String? {
    let tag = tag.trimmed
    guard let opaque = Self.opaque(tag) else { return nil }
    return "W/\"\(opaque)\(suffix)\""
  }

  /// What to ask the page's author, for what the browser asks with `If-None-Match`; nil for nothing, because no copy
  /// of the browser is good.
  func unmarked(_ header: String) -> String? {
    let tags = Self.tags(header).compactMap { tag -> String? in
      guard let opaque = Self.opaque(tag), opaque.hasSuffix(suffix) else { return nil }
      // Whether the author's tag was a weak one is not known any more; an author compares them weakly or knows one form only.
      let original = opaque.dropLast(suffix.count)
      return "\"\(original)\", W/\"\(original)\""
    }
    return tags.isEmpty ? nil : tags.joined(separator: ", ")
  }

  /// What is between the quotes.
  private static func opaque(_ tag: Substring) -> Substring? {
    let quoted = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    guard quoted.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") else { return nil }
    let opaque = quoted.dropFirst().dropLast()
    return opaque.contains("\"") ? nil : opaque
  }

  /// The tags of a list; a comma may be within the quotes.
  private static func tags(_ header: String) -> [Substring] {
    var tags: [Substring] = []
    var start = header.startIndex
    var isQuoted = false
    for index in header.indices {
      if header[index] == "\"" { isQuoted.toggle() }
      guard header[index] == ",", !isQuoted else { continue }
      tags.append(header[start..<index].trimmed)
      start = header.index(after: index)
    }
    tags.append(header[start...].trimmed)
    return tags
  }
}
