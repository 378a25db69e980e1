public import HotReloadContent
import Stencil
import WorkspaceTools

/// Templates in Stencil (https://stencil.fuller.li), rendered by Stencil.
///
/// What differs from Stencil alone:
/// - **Everything is escaped for HTML**, `{{ name }}` and `{{ a if b else c }}` alike, also within a `filter` tag.
///   `{{ name|safe }}` (or `|raw`, as the last filter) is not, and `{{ block.super }}` is not escaped again. In a
///   file whose name says that it is plain text, such as `mail.txt.stencil`, nothing is escaped: `txt`, `text`,
///   `csv` and `json`.
/// - `{{ "app.css"|asset }}` is the URL of an asset.
/// - Other templates are named with or without extension: `{% include "layout/header.stencil" %}`. A name without
///   quotation marks is taken from the data.
/// - What would end the process in Stencil does not: `.last` of an empty list is nothing, a range has 100,000 numbers
///   at most, `|indent` takes 1,000 at most.
public struct StencilEngine: TemplateEngine {
  /// Stencil.
  public let name = "Stencil"
  /// See `TemplateEngine.fileExtensions`.
  public let fileExtensions: Set<String>

  /// Creates an engine.
  /// - Parameter fileExtensions: the last extensions of the files that are in Stencil.
  public init(fileExtensions: Set<String> = ["stencil"]) {
    self.fileExtensions = fileExtensions
  }

  /// Compiles one file.
  public func compile(_ source: TemplateSource) throws -> CompiledTemplate<StencilCode> {
    var rewriter = StencilRewriter(source)
    try rewriter.run()
    let code = StencilCode(
      path: source.path, tags: rewriter.tags, texts: rewriter.texts, places: rewriter.places,
      words: rewriter.words)
    try check(code, source)
    return CompiledTemplate(
      code: code, references: rewriter.references, assets: rewriter.assets)
  }

  /// Has Stencil read the rewritten text, to find what is wrong with its expressions.
  private func check(_ code: StencilCode, _ source: TemplateSource) throws(TemplateError) {
    let environment = Environment(extensions: [StencilVocabulary(nil)])
    let tokens = code.tokens
    let parser = TokenParser(tokens: tokens, environment: environment)
    do {
      _ = try parser.parse()
    } catch {
      let failure = error as? TemplateSyntaxError
      // An error of a part of a tag has a token of its own; then the tag is the one before the next that is not read
      // yet.
      let unread = parser.nextToken()
      let next = tokens.firstIndex { $0 === unread } ?? tokens.endIndex
      let own = tokens.firstIndex { $0 === failure?.token }
      let index = own ?? max(0, next - 1)
      let place = code.places.indices.contains(index) ? code.places[index] : 0..<0
      let part = own == nil ? failure?.token?.contents : nil
      let offset = Self.offset(of: part, in: place, source)
      throw TemplateError(source.diagnostic(at: offset, failure?.reason ?? "\(error)"))
    }
  }

  /// Where a part of a tag stands; where the tag begins if that is not known.
  private static func offset(
    of part: String?, in tag: Range<Int>, _ source: TemplateSource
  ) -> Int {
    guard let part, !part.isEmpty, part.utf8.count < tag.count else { return tag.lowerBound }
    let wanted = Array(part.utf8)
    return (tag.lowerBound...(tag.upperBound - wanted.count)).first { start in
      source.utf8[start..<(start + wanted.count)].elementsEqual(wanted)
    } ?? tag.lowerBound
  }

  /// Notes on which keys of the data the page depends. Stencil does not tell what it looks up, so these are all that are named in
  /// tags of what the page can take in, whether or not they are reached.
  private func noteKeys(_ templates: ReachableTemplates<StencilCode>, _ context: RenderContext) {
    guard let table = context.data.table else { return }
    let codes = templates.paths.compactMap(templates.code(at:))
    for entry in table where codes.contains(where: { $0.names(entry.key) }) {
      context.keyUsed(entry.key)
    }
  }

  /// Renders a template.
  public func render(
    _ linked: NothingLinked, _ templates: ReachableTemplates<StencilCode>,
    _ context: RenderContext
  ) throws -> String {
    noteKeys(templates, context)
    let rendering = StencilRendering(templates, context)
    let environment = Environment(
      loader: rendering, extensions: [StencilVocabulary(rendering)])
    do {
      let page = try rendering.nodes(at: templates.page, environment)
      return try renderNodes(
        page,
        Context(dictionary: StencilData.dictionary(context.data), environment: environment))
    } catch {
      throw rendering.located(error)
    }
  }
}

/// What the engine makes of one file.
public struct StencilCode: Sendable {
  let path: String
  /// What is in the tags of the rewritten text. There is nothing between them.
  let tags: [String]
  /// The text between tags, which the rewritten text names by number.
  let texts: [String]
  /// Where each tag of the rewritten text stands in the file, in UTF-8.
  let places: [Range<Int>]
  /// What could be keys of the data: all words of the tags, as they were written.
  let words: Set<String>

  /// Whether a tag could look up a key at the top of the data.
  func names(_ key: String) -> Bool {
    // A key that is not one word, such as `shop-menu`, is there if its words are.
    StencilRewriter.words(of: key).allSatisfy(words.contains)
  }

  /// The rewritten text.
  var text: String { tags.map { "{% \($0) %}" }.joined() }

  /// What Stencil would read from ``text``, without that it goes through the rest of the text at each tag.
  var tokens: [Token] {
    let file = Template(templateString: "-", name: path).tokens
    guard let map = file.first?.sourceMap else { return [] }
    return tags.map { .block(value: $0, at: map) }
  }
}
