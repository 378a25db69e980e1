import HotReloadContent
import Stencil

/// The tags and filters that are ours. It belongs to one rendering, or to the check of one file.
final class StencilVocabulary: Extension {
  /// How the names begin that templates cannot use.
  static let prefix = "hotreload_"
  /// Shows the text between two tags.
  static let text = prefix + "text"
  /// Shows a value, escaped.
  static let output = prefix + "output"
  /// Shows a value as it is.
  static let plain = prefix + "plain"
  static let range = prefix + "range"
  static let path = prefix + "path"

  /// The most numbers of a range, and the widest indentation.
  static let maximumRange = 100_000
  static let maximumIndentation = 1_000

  /// - Parameter rendering: nil for the check of a file, in which nothing is rendered.
  init(_ rendering: StencilRendering?) {
    super.init()
    registerTag(Self.text) { _, token in
      SimpleNode(token: token) { _ in rendering?.text(token.components) ?? "" }
    }
    registerTag(Self.output) { parser, token in
      try StencilOutput(parser, token, escapes: true)
    }
    registerTag(Self.plain) { parser, token in
      try StencilOutput(parser, token, escapes: false)
    }
    registerTag("include") { _, token in try StencilInclude(rendering, token) }
    for name in ["safe", "raw"] {
      registerFilter(name) { StencilSafeText(description: StencilData.text($0)) }
    }
    registerFilter("escape") { value in
      if let text = value as? StencilSafeText { return text }
      return StencilSafeText(description: HTMLText.escaped(StencilData.text(value)))
    }
    registerFilter("asset") { value in try rendering?.asset(StencilData.text(value)) }
    registerFilter("indent") { value, arguments in try Self.indent(value, arguments) }
    registerFilter(Self.range) { value, arguments in try Self.range(value, arguments.first ?? nil) }
    registerFilter(Self.path) { value, _, context in
      try StencilPath.resolve(StencilData.text(value), context)
    }
  }

  private static func range(_ low: Any?, _ high: Any?) throws -> [Int] {
    guard let low = StencilData.integer(low), let high = StencilData.integer(high) else {
      throw TemplateSyntaxError("the ends of a range must be whole numbers")
    }
    let (first, last) = (min(low, high), max(low, high))
    let (distance, overflows) = last.subtractingReportingOverflow(first)
    guard !overflows, distance < maximumRange else {
      throw TemplateSyntaxError("a range can have \(maximumRange) numbers at most")
    }
    return low <= high ? Array(first...last) : (first...last).reversed()
  }

  private static func indent(_ value: Any?, _ arguments: [Any?]) throws -> Any? {
    let width = arguments.isEmpty ? 4 : StencilData.integer(arguments[0])
    guard arguments.count <= 3, let width, (0...maximumIndentation).contains(width) else {
      throw TemplateSyntaxError(
        "indent takes a width from 0 to \(maximumIndentation), what to indent with, "
          + "and whether the first line is"
      )
    }
    let unit = arguments.count > 1 ? StencilData.text(arguments[1]) : " "
    let indentsFirst = arguments.count > 2 && (arguments[2] as? Bool ?? false)
    let indentation = String(repeating: unit, count: width)
    let lines = StencilData.text(value).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let text = lines.enumerated().map { index, line in
      line.isEmpty || (index == 0 && !indentsFirst) ? String(line) : indentation + line
    }.joined(separator: "\n")
    return value is StencilSafeText ? StencilSafeText(description: text) as Any : text
  }
}

/// Text that is HTML already.
struct StencilSafeText: CustomStringConvertible {
  let description: String
}

/// Shows a value: `{{ value }}`, `{{ value if condition else other }}`.
final class StencilOutput: NodeType {
  let token: Token?
  private let escapes: Bool
  private let value: any Resolvable
  private let condition: (any Expression)?
  private let otherwise: (any Resolvable)?
  /// `NAME` of `{{ block.NAME }}`.
  private let block: String?

  init(_ parser: TokenParser, _ token: Token, escapes: Bool) throws {
    self.token = token
    self.escapes = escapes
    let words = Array(token.components.dropFirst())
    func resolvable(_ words: [String]) throws -> any Resolvable {
      if words.count > 1,
        let expression = try? parser.compileExpression(components: words, token: token)
      {
        return expression
      }
      return try parser.compileFilter(words.joined(separator: " "), containedIn: token)
    }
    guard let first = words.first else { throw TemplateSyntaxError("the tag has no name in it") }
    block = words.count == 1 && first.hasPrefix("block.") ? String(first.dropFirst(6)) : nil
    guard words.count > 2, words[1] == "if" else {
      value = try resolvable(words)
      condition = nil
      otherwise = nil
      return
    }
    value = try resolvable([first])
    let rest = Array(words[2...])
    let split = rest.firstIndex(of: "else") ?? rest.endIndex
    condition = try parser.compileExpression(components: Array(rest[..<split]), token: token)
    otherwise = split < rest.endIndex ? try resolvable(Array(rest[(split + 1)...])) : nil
  }

  func render(_ context: Context) throws -> String {
    // What Stencil keeps of blocks is a dictionary of this very type, which no data is: rendered, and escaped in it.
    if let block, let blocks = context["block"], type(of: blocks) == [String: String].self,
      let text = (blocks as? [String: String])?[block]
    {
      return text
    }
    var shown: (any Resolvable)? = value
    if let condition, try !condition.evaluate(context: context) { shown = otherwise }
    let result = try shown?.resolve(context)
    if let safe = result as? StencilSafeText { return safe.description }
    let text = StencilData.text(result)
    return escapes ? HTMLText.escaped(text) : text
  }
}
