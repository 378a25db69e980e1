/// Reads the start of an HTML document, a byte at a time, up to the place where an element for the head may be inserted.
///
/// It follows the HTML standard's tokenizer as far as that place: comments of all kinds, doctypes, quoted attributes, and what the
/// parser makes of a document that leaves out its tags. Beyond the place it reads nothing.
struct DocumentStart: Sendable {
  /// What is known after a byte.
  enum Verdict: Sendable, Equatable {
    /// More is needed.
    case undecided
    /// The element belongs there, in bytes from the start.
    case insert(at: Int)
    /// The bytes are not text in an encoding that contains ASCII.
    case leave
  }

  private enum State: Sendable, Equatable {
    case byteOrderMark
    case between
    case tagOpen
    case endTagOpen
    case markup
    case comment
    case bogusComment
    case doctype
    case tagName
    case attributes
    case attributeName
    case beforeValue
    case unquotedValue
    case quotedValue(UInt8)
  }

  private var state = State.byteOrderMark
  private var offset = 0
  /// Where the token that is being read begins; nil between tokens.
  private var tokenStart: Int?
  private var candidate: Int?
  /// The name of the tag, or the start of a declaration, in lower case and no longer than is needed to know it.
  private var word: [UInt8] = []
  private var isEndTag = false
  /// The attributes of a `meta` element, in lower case and bounded by the look-ahead.
  private var attributes: [UInt8] = []
  private var firstByte: UInt8 = 0
  private var commentLength = 0
  private var trailingDashes = 0
  private var endsWithBang = false

  /// Takes the next byte. After a verdict other than `undecided` it must not be called again.
  mutating func consume(_ byte: UInt8) -> Verdict {
    defer { offset += 1 }
    // In ASCII-compatible text there is no such byte; in UTF-16 every tag has some.
    if byte == 0 { return .leave }
    switch state {
    case .byteOrderMark: return readMark(byte)
    case .between: return readBetween(byte)
    case .tagOpen: return readTagOpen(byte)
    case .endTagOpen: return readEndTagOpen(byte)
    case .markup: return readMarkup(byte)
    case .comment: return readComment(byte)
    case .bogusComment, .doctype: return readDeclaration(byte)
    case .tagName: return readTagName(byte)
    case .attributes, .attributeName, .beforeValue, .unquotedValue, .quotedValue:
      return readAttributes(byte)
    }
  }

  /// Behind the last of doctype, `<html>` and `<head>`; nil before them.
  var placeSoFar: Int? { candidate }

  /// Where the element belongs if the document ends here.
  var placeAtEnd: Int { candidate ?? tokenStart ?? offset }

  // MARK: Text

  private mutating func readMark(_ byte: UInt8) -> Verdict {
    let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]
    switch offset {
    case 0:
      firstByte = byte
      guard byte == utf8[0] || byte == 0xFE || byte == 0xFF else { break }
      tokenStart = 0
      return .undecided
    case 1 where firstByte != utf8[0]:
      return byte == 0xFE || byte == 0xFF ? .leave : .insert(at: 0)
    default:
      guard byte == utf8[offset] else { return .insert(at: 0) }
      if offset == utf8.count - 1 { between() }
      return .undecided
    }
    state = .between
    return readBetween(byte)
  }

  private mutating func readBetween(_ byte: UInt8) -> Verdict {
    if byte.isHTMLSpace { return .undecided }
    tokenStart = offset
    guard byte == UInt8(ascii: "<") else { return content() }
    state = .tagOpen
    return .undecided
  }

  private mutating func between() {
    state = .between
    tokenStart = nil
  }

  /// Something that ends what may precede the head's content.
  private func content() -> Verdict { .insert(at: candidate ?? tokenStart ?? offset) }

  // MARK: Comments and declarations

  private mutating func readTagOpen(_ byte: UInt8) -> Verdict {
    word = []
    isEndTag = false
    switch byte {
    case UInt8(ascii: "!"): state = .markup
    case UInt8(ascii: "?"): state = .bogusComment
    case UInt8(ascii: "/"): state = .endTagOpen
    default:
      guard byte.isASCIILetter else { return content() }
      state = .tagName
      return readTagName(byte)
    }
    return .undecided
  }

  private mutating func readMarkup(_ byte: UInt8) -> Verdict {
    word.append(byte.lowercasedASCII)
    if word == Self.dashes {
      state = .comment
      (commentLength, trailingDashes, endsWithBang) = (0, 0, false)
    } else if word == Self.doctypeName {
      state = .doctype
    } else if !Self.dashes.starts(with: word), !Self.doctypeName.starts(with: word) {
      state = .bogusComment
      return readDeclaration(byte)
    }
    return .undecided
  }

  private mutating func readComment(_ byte: UInt8) -> Verdict {
    defer { commentLength += 1 }
    switch byte {
    case UInt8(ascii: "-"):
      trailingDashes = endsWithBang ? 1 : trailingDashes + 1
      endsWithBang = false
    case UInt8(ascii: ">"):
      // `<!-->` and `<!--->` are comments too, and `--!>` ends one.
      let isShort = commentLength <= 1 && trailingDashes == commentLength
      if trailingDashes >= 2 || isShort { between() } else { trailingDashes = 0 }
      endsWithBang = false
    case UInt8(ascii: "!") where trailingDashes >= 2 && !endsWithBang:
      endsWithBang = true
    default:
      trailingDashes = 0
      endsWithBang = false
    }
    return .undecided
  }

  /// A doctype ends at the first `>`, even within a quoted identifier.
  private mutating func readDeclaration(_ byte: UInt8) -> Verdict {
    guard byte == UInt8(ascii: ">") else { return .undecided }
    if state == .doctype { candidate = offset + 1 }
    between()
    return .undecided
  }

  // MARK: Tags

  private mutating func readEndTagOpen(_ byte: UInt8) -> Verdict {
    isEndTag = true
    if byte.isASCIILetter {
      state = .tagName
      return readTagName(byte)
    }
    if byte == UInt8(ascii: ">") { between() } else { state = .bogusComment }
    return .undecided
  }

  private mutating func readTagName(_ byte: UInt8) -> Verdict {
    guard byte.isHTMLSpace || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">") else {
      if word.count <= Self.longestName { word.append(byte.lowercasedASCII) }
      return .undecided
    }
    if isEndTag {
      // These make the parser begin the head or the body; it ignores the others.
      if ["head", "body", "html", "br"].contains(where: { word == Array($0.utf8) }) {
        return content()
      }
    } else if ![Self.htmlName, Self.headName, Self.metaName].contains(word) {
      return content()
    }
    attributes = []
    state = .attributes
    return readAttributes(byte)
  }

  private mutating func readAttributes(_ byte: UInt8) -> Verdict {
    if word == Self.metaName, !isEndTag { attributes.append(byte.lowercasedASCII) }
    if case .quotedValue(let quote) = state {
      if byte == quote { state = .attributes }
      return .undecided
    }
    if byte == UInt8(ascii: ">") { return endTag() }
    switch state {
    case .attributes where byte.isHTMLSpace || byte == UInt8(ascii: "/"): break
    case .attributes: state = .attributeName
    case .attributeName where byte == UInt8(ascii: "="): state = .beforeValue
    case .attributeName where byte == UInt8(ascii: "/"): state = .attributes
    case .attributeName: break
    case .beforeValue where byte.isHTMLSpace: break
    case .beforeValue where byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"):
      state = .quotedValue(byte)
    case .beforeValue: state = .unquotedValue
    case .unquotedValue where byte.isHTMLSpace: state = .attributes
    default: break
    }
    return .undecided
  }

  private mutating func endTag() -> Verdict {
    if isEndTag {
      between()
      return .undecided
    }
    if word == Self.metaName {
      // A browser looks for the encoding in the first 1,024 bytes only: nothing is put before it.
      let namesEncoding = attributes.firstRange(of: Self.charsetName) != nil
      return namesEncoding ? .insert(at: offset + 1) : content()
    }
    // A second head, or a document's element within it, is not one.
    candidate = offset + 1
    between()
    return .undecided
  }

  private static let dashes = Array("--".utf8)
  private static let doctypeName = Array("doctype".utf8)
  private static let htmlName = Array("html".utf8)
  private static let headName = Array("head".utf8)
  private static let metaName = Array("meta".utf8)
  private static let charsetName = Array("charset".utf8)
  private static let longestName = 4
}

extension UInt8 {
  /// Space as HTML has it: tab, line feed, form feed, carriage return, space.
  var isHTMLSpace: Bool {
    self == 0x20 || self == 0x0A || self == 0x09 || self == 0x0D || self == 0x0C
  }

  var isASCIILetter: Bool { (0x61...0x7A).contains(self | 0x20) }

  var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
