import HotReloadContent
import WorkspaceFiles
import WorkspaceTools

/// Checks a template, finds what it takes in, and writes it anew for swift-mustache.
///
/// In what is written, each place that takes in a template or shows an asset asks for a reserved key of its own, so
/// that a rendering knows where it is, and can refuse to go deeper; and each value is escaped by us.
struct MustacheRewriter {
  /// How deep sections can be within each other: swift-mustache reads and renders them recursively.
  static let maximumNesting = 100
  /// How the keys begin that data cannot have.
  static let reserved = "?-"
  /// The transform that escapes.
  static let escape = "?-escape"

  private struct Opened {
    var kind: MustacheTag.Kind
    var name: String
    var offset: Int
    /// What the closing tag names in the rewritten text.
    var written: String
    /// What holds again after it.
    var mode: MustacheMode
  }

  private let source: TemplateSource
  private let prefix: String
  private var scanner: MustacheScanner
  private var mode = MustacheMode()
  private var opened: [Opened] = []
  private(set) var output: [UInt8] = []
  private(set) var references: [TemplateReference] = []
  private(set) var assets: [TemplateAsset] = []
  private(set) var requests: [String: MustacheRequest] = [:]

  init(_ source: TemplateSource) {
    self.source = source
    scanner = MustacheScanner(bytes: source.utf8)
    let digest = ContentDigest(of: Array(source.path.utf8)).description
    prefix = "\(Self.reserved)\(digest.prefix(16))-"
  }

  /// - Throws: the first thing that is wrong.
  mutating func run() throws(TemplateError) {
    do throws(MustacheScanError) {
      var copied = 0
      while let tag = try scanner.next(mode) {
        if isBetweenBlocks, tag.kind != .block, tag.kind != .comment, tag.kind != .close {
          throw wrong(
            tag, "only blocks, {{$name}}…{{/name}}, can stand in {{<\(opened.last?.name ?? "")}}")
        }
        output += source.utf8[copied..<tag.range.lowerBound]
        copied = tag.range.lowerBound
        if try rewrite(tag) { copied = scanner.offset }
      }
      output += source.utf8[copied...]
      if let last = opened.last {
        throw MustacheScanError(
          offset: last.offset,
          message: "\(last.name) is opened here and never closed; write {{/\(last.name)}}")
      }
    } catch {
      throw TemplateError(source.diagnostic(at: error.offset, error.message))
    }
  }

  /// Directly in `{{<layout}}`.
  private var isBetweenBlocks: Bool { opened.last?.kind == .parent }

  /// Whether the data decides if this place is rendered.
  private var isConditional: Bool { opened.contains { $0.kind != .parent } }

  /// - Returns: whether something was written in the tag's place; otherwise it stays as it is.
  private mutating func rewrite(_ tag: MustacheTag) throws(MustacheScanError) -> Bool {
    switch tag.kind {
    case .comment:
      return false
    case .variable:
      try checkName(tag)
      guard mode.escapes, !tag.name.hasSuffix("()") else { return false }
      write("&", "\(Self.escape)(\(tag.name))")
    case .unescaped:
      try checkName(tag)
      write("&", tag.name)
    case .section where tag.name == "asset":
      try writeAsset(tag)
    case .section, .inverted, .block:
      try checkName(tag)
      if tag.kind == .block, tag.name.contains("(") {
        throw wrong(tag, "a block's name is plain, without a transform")
      }
      try open(tag, as: tag.name)
      return false
    case .partial:
      write(">", try reference(tag, .partial))
    case .parent:
      let written = try reference(tag, .inheritance)
      try open(tag, as: written)
      write("<", written)
    case .close:
      try close(tag)
    case .delimiters:
      try setDelimiters(tag)
      return false
    case .pragma:
      try setContentType(tag)
      return false
    }
    return true
  }

  private mutating func write(_ sigil: String, _ name: String) {
    output += mode.open + Array("\(sigil)\(name)".utf8) + mode.close
  }

  private func wrong(_ tag: MustacheTag, _ message: String) -> MustacheScanError {
    MustacheScanError(offset: tag.range.lowerBound, message: message)
  }

  private mutating func open(_ tag: MustacheTag, as written: String) throws(MustacheScanError) {
    guard opened.count < Self.maximumNesting else {
      throw wrong(tag, "more than \(Self.maximumNesting) sections are within each other")
    }
    opened.append(
      Opened(
        kind: tag.kind, name: tag.name, offset: tag.range.lowerBound, written: written, mode: mode))
  }

  private mutating func close(_ tag: MustacheTag) throws(MustacheScanError) {
    guard let last = opened.popLast() else {
      throw wrong(tag, "{{/\(tag.name)}} closes nothing; there is no open section here")
    }
    guard Self.compact(last.name) == Self.compact(tag.name) else {
      let position = source.position(at: last.offset)
      throw wrong(
        tag,
        "expected {{/\(last.name)}}, which is opened at \(position.line):\(position.column), "
          + "found {{/\(tag.name)}}"
      )
    }
    write("/", last.written)
    mode = last.mode
  }

  private static func compact(_ name: String) -> String {
    String(name.filter { !$0.isWhitespace })
  }

  /// Notes that another template is taken in.
  /// - Returns: what is written in place of its name.
  private mutating func reference(
    _ tag: MustacheTag, _ kind: TemplateReference.Kind
  ) throws(MustacheScanError) -> String {
    let isComputed = tag.name.hasPrefix("*")
    let written =
      isComputed ? tag.name.dropFirst().drop(while: \.isWhitespace) : Substring(tag.name)
    let name = String(written)
    guard !name.isEmpty else { throw wrong(tag, "the tag names no template") }
    guard !name.contains(where: \.isWhitespace) else {
      throw wrong(tag, "a template's name has no white space in it: \(name)")
    }
    if isComputed { try check(name, at: tag.nameOffset) }
    let position = source.position(at: tag.nameOffset)
    references.append(
      TemplateReference(
        kind: kind, name: isComputed ? nil : name, position: position, isConditional: isConditional)
    )
    let key = request(isComputed ? .computedPartial : .partial(name), position)
    guard isComputed else { return "*\(key)" }
    return name == "." ? "*.\(key)" : "*\(name).\(key)"
  }

  private mutating func request(
    _ kind: MustacheRequest.Kind, _ position: TemplatePosition
  ) -> String {
    let key = "\(prefix)\(requests.count)"
    requests[key] = MustacheRequest(kind: kind, user: source.path, position: position)
    return key
  }

  /// `{{#asset}}app.css{{/asset}}`
  private mutating func writeAsset(_ tag: MustacheTag) throws(MustacheScanError) {
    let start = scanner.offset
    guard let end = try scanner.next(mode), end.kind == .close, end.name == "asset" else {
      throw wrong(tag, "write {{#asset}}NAME{{/asset}}, with the plain name of a file")
    }
    let text = source.text(in: start..<end.range.lowerBound)
    let name = String(
      text.trimmingPrefix(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard !name.isEmpty else { throw wrong(tag, "{{#asset}} names no file") }
    let position = source.position(at: tag.range.lowerBound)
    assets.append(TemplateAsset(name: name, position: position))
    write("&", request(.asset(name), position))
  }

  private mutating func setDelimiters(_ tag: MustacheTag) throws(MustacheScanError) {
    let parts = tag.name.split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, !tag.name.contains("=") else {
      throw wrong(tag, "delimiters are set with two of them, as in {{=<% %>=}}")
    }
    mode.open = Array(parts[0].utf8)
    mode.close = Array(parts[1].utf8)
  }

  private mutating func setContentType(_ tag: MustacheTag) throws(MustacheScanError) {
    let parts = tag.name.split(separator: ":").map { Self.compact(String($0)) }
    guard parts.count == 2, parts[0] == "CONTENT_TYPE", ["HTML", "TEXT"].contains(parts[1]) else {
      throw wrong(tag, "expected {{% CONTENT_TYPE: HTML}} or {{% CONTENT_TYPE: TEXT}}")
    }
    mode.escapes = parts[1] == "HTML"
  }

  private func checkName(_ tag: MustacheTag) throws(MustacheScanError) {
    guard !tag.name.isEmpty else { throw wrong(tag, "the tag has no name in it") }
    try check(tag.name, at: tag.nameOffset)
  }

  /// `user.name`, `.`, `uppercased(user.name)`, `index()`.
  private func check(_ name: String, at offset: Int) throws(MustacheScanError) {
    func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_", "?", "*", "(", ")": true
      default: false
      }
    }
    if let bad = name.unicodeScalars.firstIndex(where: { !isAllowed($0) }) {
      let place = offset + name.utf8.distance(from: name.startIndex, to: bad)
      throw MustacheScanError(
        offset: place,
        message:
          "a name has letters, digits and . - _ ? in it, found \"\(name.unicodeScalars[bad])\"")
    }
    let parts = name.split(separator: "(", omittingEmptySubsequences: false)
    let closing = name.reversed().prefix { $0 == ")" }.count
    let isBalanced = closing == parts.count - 1 && name.count { $0 == ")" } == closing
    guard isBalanced, !parts.dropLast().contains("") else {
      throw MustacheScanError(
        offset: offset, message: "the brackets of a transform do not match: \(name)")
    }
    guard !name.contains(Self.reserved) else {
      throw MustacheScanError(offset: offset, message: "names with \(Self.reserved) are reserved")
    }
  }
}
