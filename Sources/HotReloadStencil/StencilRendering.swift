import HotReloadContent
import Stencil
import WorkspaceTools

/// One rendering: loads templates, and knows where their tags stand. It belongs to one thread.
final class StencilRendering: Loader {
  /// Of the templates around the one that failed, so many are named.
  private static let maximumTold = 5

  private let templates: ReachableTemplates<StencilCode>
  private let context: RenderContext
  private let stack = RenderingStack()
  private var paths: [String: String] = [:]
  private var nodes: [String: [any NodeType]] = [:]
  private var layouts: [String: Template] = [:]
  private var tokens: [String: [Token]] = [:]
  private var codes: [String: StencilCode] = [:]

  init(_ templates: ReachableTemplates<StencilCode>, _ context: RenderContext) {
    self.templates = templates
    self.context = context
  }

  func loadTemplate(name: String, environment: Environment) throws -> Template {
    let path = try self.path(of: name)
    return try layout(at: path, environment)
  }

  func loadTemplate(names: [String], environment: Environment) throws -> Template {
    for name in names where templates.path(of: name) != nil {
      return try loadTemplate(name: name, environment: environment)
    }
    throw TemplateSyntaxError("there is no template \(names.joined(separator: ", "))")
  }

  private func path(of name: String) throws -> String {
    if let path = paths[name] { return path }
    do {
      let path = try templates.use(name)
      paths[name] = path
      return path
    } catch {
      throw TemplateSyntaxError(error.diagnostics.map(\.description).joined(separator: "; "))
    }
  }

  /// The nodes of a template that is included, which is entered now.
  func nodes(named name: String, _ environment: Environment) throws -> [any NodeType] {
    try nodes(at: path(of: name), environment)
  }

  /// The nodes of a file, which is entered now. In one rendering each is read once.
  func nodes(at path: String, _ environment: Environment) throws -> [any NodeType] {
    let code = try enter(path)
    if let known = nodes[path] { return known }
    let tokens = code.tokens
    let parsed = try TokenParser(tokens: tokens, environment: environment).parse()
    self.tokens[path, default: []] += tokens
    nodes[path] = parsed
    return parsed
  }

  /// The template of a layout, which is entered now. Only Stencil itself can extend one, and reads it from its text.
  private func layout(at path: String, _ environment: Environment) throws -> Template {
    let code = try enter(path)
    if let known = layouts[path] { return known }
    let template = Template(templateString: code.text, environment: environment, name: path)
    tokens[path, default: []] += template.tokens
    layouts[path] = template
    return template
  }

  private func enter(_ path: String) throws -> StencilCode {
    guard stack.enter(path) else {
      throw TemplateSyntaxError(
        "\(path) is taken in again and again, without end: \(stack.cycleText)")
    }
    guard let code = templates.code(at: path) else {
      throw TemplateSyntaxError("there is no template \(path)")
    }
    codes[StencilRewriter.identity(of: path)] = code
    return code
  }

  /// The text that a text's tag names.
  func text(_ words: [String]) -> String {
    guard words.count == 3, let texts = codes[words[1]]?.texts, let number = Int(words[2]),
      texts.indices.contains(number)
    else { return "" }
    return texts[number]
  }

  func asset(_ name: String) throws -> String {
    do {
      return try context.asset(name)
    } catch let error as ConfigDiagnostic {
      throw TemplateSyntaxError(error.message)
    } catch let error as TemplateError {
      throw TemplateSyntaxError(error.diagnostics.map(\.message).joined(separator: "; "))
    }
  }

  /// An error with the place of the tag that failed, and of those that took its template in.
  func located(_ error: any Error) -> TemplateError {
    if let error = error as? TemplateError { return error }
    guard let failure = error as? TemplateSyntaxError else {
      return TemplateError(
        ConfigDiagnostic(location: SourceLocation(source: templates.page), message: "\(error)"))
    }
    // The innermost is first; the one that is not in the list is the outermost.
    let tokens = failure.stackTrace + (failure.token.map { [$0] } ?? [])
    let places = tokens.compactMap(location)
    var message = failure.reason
    for place in places.dropFirst().prefix(Self.maximumTold) {
      message += ", taken in at \(place)"
    }
    return TemplateError(
      ConfigDiagnostic(
        location: places.first ?? SourceLocation(source: templates.page), message: message))
  }

  private func location(of token: Token) -> SourceLocation? {
    guard let path = token.sourceMap.filename, let code = templates.code(at: path),
      let source = templates.source(at: path),
      let number = tokens[path]?.firstIndex(where: { $0 === token }), !code.places.isEmpty
    else { return nil }
    // A file that is a page and a layout too has its tokens twice.
    let place = code.places[number % code.places.count]
    let position = source.position(at: place.lowerBound)
    return SourceLocation(file: path, line: position.line, column: position.column)
  }
}
