import Foundation
import HotReloadContent
import WorkspaceFiles

/// Checks a template's tags, finds what it takes in, and writes it anew for Stencil.
///
/// What is written has tags only, on one line: each text between them is a tag that names it by number, and each
/// shown value one of ours, which escapes. So the number of a tag, which errors bring along, is the exact place in
/// the file.
struct StencilRewriter {
  /// How deep blocks can be within each other: Stencil reads and renders them recursively.
  static let maximumNesting = 100
  /// The inner extensions of files in which nothing is escaped.
  static let plainExtensions: Set<String> = ["txt", "text", "csv", "json"]
  /// Tags that are closed by `end` and their name.
  private static let pairs: Set<String> = ["if", "ifnot", "for", "block", "filter"]

  private struct Opened {
    var name: String
    var place: Range<Int>
    var offset: Int { place.lowerBound }
    var end: String { name == "ifnot" ? "endif" : "end\(name)" }
  }

  private let source: TemplateSource
  private let identity: String
  private let escapes: Bool
  private var scanner: StencilScanner
  private var opened: [Opened] = []
  private var extendsAt: Int?
  private(set) var tags: [String] = []
  private(set) var texts: [String] = []
  private(set) var places: [Range<Int>] = []
  /// All words of the tags.
  private(set) var words: Set<String> = []
  private(set) var references: [TemplateReference] = []
  private(set) var assets: [TemplateAsset] = []

  init(_ source: TemplateSource) {
    self.source = source
    identity = Self.identity(of: source.path)
    scanner = StencilScanner(bytes: source.utf8)
    let inner = source.name.split(separator: "/").last?.split(separator: ".").dropFirst().last
    escapes = !(inner.map { Self.plainExtensions.contains(String($0)) } ?? false)
  }

  /// What a text's tag calls its file.
  static func identity(of path: String) -> String {
    String(ContentDigest(of: Array(path.utf8)).description.prefix(16))
  }

  /// The runs of letters, digits and `_` in a text.
  static func words(of text: String) -> [String] {
    text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }).map(String.init)
  }

  /// - Throws: the first thing that is wrong.
  mutating func run() throws(TemplateError) {
    do throws(StencilScanError) {
      var copied = 0
      var trims = false
      while let tag = try scanner.next() {
        emitText(copied..<tag.range.lowerBound, trims, tag.trims.before)
        copied = tag.range.upperBound
        trims = tag.trims.after
        try rewrite(tag)
      }
      emitText(copied..<source.utf8.count, trims, false)
      if let last = opened.last {
        throw StencilScanError(
          offset: last.offset,
          message: "{% \(last.name) %} is opened here and never closed; write {% \(last.end) %}")
      }
    } catch {
      throw TemplateError(source.diagnostic(at: error.offset, error.message))
    }
    // What an extending template has outside of blocks is never rendered, and the layout decides which blocks are.
    if extendsAt != nil {
      for index in references.indices where references[index].kind == .include {
        references[index].isConditional = true
      }
    }
  }

  private mutating func emit(_ content: String, _ place: Range<Int>) {
    tags.append(content)
    places.append(place)
  }

  private mutating func emitText(_ range: Range<Int>, _ trimsStart: Bool, _ trimsEnd: Bool) {
    var range = range
    while trimsStart, let first = range.first, StencilScanner.isSpace(source.utf8[first]) {
      range.removeFirst()
    }
    while trimsEnd, let last = range.last, StencilScanner.isSpace(source.utf8[last]) {
      range.removeLast()
    }
    guard !range.isEmpty else { return }
    emit("\(StencilVocabulary.text) \(identity) \(texts.count)", range)
    texts.append(source.text(in: range))
  }

  private mutating func rewrite(_ tag: StencilTag) throws(StencilScanError) {
    let start = tag.range.lowerBound
    if tag.kind != .comment {
      words.formUnion(Self.words(of: source.text(in: tag.content)))
      noteAssets(tag.content)
    }
    switch tag.kind {
    case .comment:
      return
    case .variable:
      guard !tag.content.isEmpty else {
        throw StencilScanError(offset: start, message: "the tag has no name in it")
      }
      let name = escapes ? StencilVocabulary.output : StencilVocabulary.plain
      emit("\(name) \(try expression(tag.content))", tag.range)
    case .block:
      guard !tag.content.isEmpty else {
        throw StencilScanError(offset: start, message: "the tag has no name in it")
      }
      let content = source.text(in: tag.content)
      let words = content.split(whereSeparator: \.isWhitespace).map(String.init)
      let isLabelled = words.count >= 2 && words[0].hasSuffix(":")
      // Stencil gives a loop the tag that ends it.
      let place = try check(isLabelled ? words[1] : words[0], tag.range)
      if words[0] == "include" || words[0] == "extends" {
        try refer(tag, words)
      }
      emit(try expression(tag.content), place)
    }
  }

  /// Notes texts in quotation marks that the filter `asset` follows directly.
  private mutating func noteAssets(_ content: Range<Int>) {
    let bytes = source.utf8
    var offset = content.lowerBound
    while offset < content.upperBound {
      let begin = offset
      let mark = bytes[begin]
      offset += 1
      guard mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'") else { continue }
      guard let end = bytes[offset..<content.upperBound].firstIndex(of: mark) else { return }
      offset = end + 1
      let rest = bytes[offset..<content.upperBound].drop(while: StencilScanner.isSpace)
      guard rest.first == UInt8(ascii: "|") else { continue }
      let filter = rest.dropFirst().drop(while: StencilScanner.isSpace)
      guard Self.words(of: String(decoding: filter.prefix(6), as: UTF8.self)).first == "asset"
      else {
        continue
      }
      assets.append(
        TemplateAsset(name: source.text(in: begin + 1..<end), position: source.position(at: begin)))
    }
  }

  private func expression(_ range: Range<Int>) throws(StencilScanError) -> String {
    let text = try StencilExpression.rewrite(source.utf8, range)
    guard !text.contains("%}") else {
      throw StencilScanError(offset: range.lowerBound, message: "a tag cannot have %} within it")
    }
    return text
  }

  /// Checks that blocks are closed in the order in which they are opened.
  /// - Returns: the place of the tag, or of the tag that it belongs to.
  private mutating func check(
    _ name: String, _ tag: Range<Int>
  ) throws(StencilScanError) -> Range<Int> {
    func wrong(_ message: String) -> StencilScanError {
      StencilScanError(offset: tag.lowerBound, message: message)
    }
    if Self.pairs.contains(name) {
      guard opened.count < Self.maximumNesting else {
        throw wrong("more than \(Self.maximumNesting) blocks are within each other")
      }
      opened.append(Opened(name: name, place: tag))
    } else if name.hasPrefix("end") {
      guard let last = opened.popLast() else { throw wrong("{% \(name) %} closes nothing") }
      guard last.end == name else {
        let position = source.position(at: last.offset)
        throw wrong(
          "expected {% \(last.end) %} for {% \(last.name) %} at \(position.line):\(position.column), "
            + "found {% \(name) %}")
      }
      return last.place
    } else if name == "else" || name == "elif" || name == "empty" {
      let allowed = name == "empty" ? ["for"] : ["if", "ifnot"]
      guard let last = opened.last, allowed.contains(last.name) else {
        throw wrong("{% \(name) %} stands in no {% \(allowed[0]) %}")
      }
      if name == "empty" { return last.place }
    }
    return tag
  }

  /// Notes that another template is taken in.
  private mutating func refer(_ tag: StencilTag, _ words: [String]) throws(StencilScanError) {
    let content = source.utf8[tag.content]
    let keyword = words[0].utf8.count
    guard let begin = content.dropFirst(keyword).firstIndex(where: { !StencilScanner.isSpace($0) })
    else {
      throw StencilScanError(
        offset: tag.range.lowerBound,
        message: "{% \(words[0]) %} names no template; write {% \(words[0]) \"NAME\" %}")
    }
    let mark = source.utf8[begin]
    var name: String?
    if mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'") {
      let end = content[(begin + 1)...].firstIndex(of: mark) ?? tag.content.upperBound
      let written = source.text(in: (begin + 1)..<end)
      guard !written.contains(where: \.isNewline), !written.isEmpty else {
        throw StencilScanError(
          offset: begin, message: "a template's name is on one line and not empty")
      }
      name = written
    }
    if words.dropFirst().contains(where: StencilExpression.needsGuard), name == nil {
      throw StencilScanError(
        offset: begin, message: "a computed name is a plain path, without .last or [ ]")
    }
    let isInclude = words[0] == "include"
    if !isInclude {
      if let extendsAt {
        let position = source.position(at: extendsAt)
        throw StencilScanError(
          offset: tag.range.lowerBound,
          message:
            "{% extends %} can stand in a template once; it does at \(position.line):\(position.column)"
        )
      }
      extendsAt = tag.range.lowerBound
    }
    references.append(
      TemplateReference(
        kind: isInclude ? .include : .inheritance, name: name, position: source.position(at: begin),
        isConditional: opened.contains { $0.name != "filter" }))
  }
}
