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
  private var loaded: [String: Template] = [:]
  private var codes: [String: StencilCode] = [:]

  init(_ templates: ReachableTemplates<StencilCode>, _ context: RenderContext) {
    self.templates = templates
    self.context = context
  }

  func loadTemplate(name: String, environment: Environment) throws -> Template {
    let path = try self.path(of: name)
    return try template(at: path, environment)
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

  /// The template of a file, which is entered now. In one rendering there is one of each.
  func template(at path: String, _ environment: Environment) throws -> Template {
    guard stack.enter(path) else {
      throw TemplateSyntaxError(
        "\(path) is taken in again and again, without end: \(stack.cycleText)")
    }
    if let template = loaded[path] { return template }
    guard let code = templates.code(at: path) else {
      throw TemplateSyntaxError("there is no template \(path)")
    }
    let template = Template(templateString: code.text, environment: environment, name: path)
    loaded[path] = template
    codes[StencilRewriter.identity(of: path)] = code
    return template
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
      let number = loaded[path]?.tokens.firstIndex(where: { $0 === token }),
      code.places.indices.contains(number)
    else { return nil }
    let position = source.position(at: code.places[number].lowerBound)
    return SourceLocation(file: path, line: position.line, column: position.column)
  }
}
