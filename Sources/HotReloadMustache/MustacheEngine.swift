public import HotReloadContent
import Mustache
import WorkspaceTools

/// Templates in Mustache (https://mustache.github.io/mustache.5.html), rendered by swift-mustache.
///
/// What is beyond the specification, or differs:
/// - `{{#asset}}app.css{{/asset}}` is the URL of an asset.
/// - `{{> layout/header}}` names a template with or without its extension. `{{>*kind}}` takes the name from the data.
/// - `{{<layout}}{{$title}}Home{{/title}}{{/layout}}` fills the blocks of a layout.
/// - False are `false`, null, a missing key and an empty list. An empty text and 0 are true, as in swift-mustache.
/// - swift-mustache's transforms, such as `{{uppercased(name)}}`, work on all values.
/// - `{{name}}` is escaped for HTML, scalar by scalar, so that no accent hides a quotation mark. `{{{name}}}` and
///   `{{&name}}` are not, and nothing is after `{{% CONTENT_TYPE: TEXT}}`.
/// - A key that the data does not have is looked up in what is around it. So a template for a tree that takes in itself
///   needs a key in each node, `"children": []` in a leaf; without it, it would never end, and fails.
public struct MustacheEngine: TemplateEngine {
  /// Mustache.
  public let name = "Mustache"
  /// See `TemplateEngine.fileExtensions`.
  public let fileExtensions: Set<String>

  /// Creates an engine.
  /// - Parameter fileExtensions: the last extensions of the files that are in Mustache.
  public init(fileExtensions: Set<String> = ["mustache"]) {
    self.fileExtensions = fileExtensions
  }

  /// Compiles one file.
  public func compile(_ source: TemplateSource) throws -> CompiledTemplate<MustacheCode> {
    var rewriter = MustacheRewriter(source)
    try rewriter.run()
    do {
      let template = try MustacheTemplate(string: String(decoding: rewriter.output, as: UTF8.self))
      return CompiledTemplate(
        code: MustacheCode(template: template, requests: rewriter.requests),
        references: rewriter.references, assets: rewriter.assets)
    } catch let error as MustacheTemplate.ParserError {
      let position = TemplatePosition(line: max(1, error.context.lineNumber), column: 1)
      throw TemplateError(
        source.diagnostic(at: position, "Mustache cannot read it: \(error.error)"))
    }
  }

  /// Makes a library of what the template takes in, and of nothing else.
  public func link(_ templates: ReachableTemplates<MustacheCode>) throws -> MustacheLinked {
    var linked = MustacheLinked()
    for path in templates.paths {
      guard let code = templates.code(at: path) else { continue }
      linked.library.register(code.template, named: path)
      for (key, request) in code.requests {
        var request = request
        if case .partial(let name) = request.kind {
          request.kind = .partial(templates.path(of: name) ?? name)
        }
        linked.requests[key] = request
      }
    }
    return linked
  }

  /// Renders a template.
  public func render(
    _ linked: MustacheLinked, _ templates: ReachableTemplates<MustacheCode>,
    _ context: RenderContext
  ) throws -> String {
    let rendering = MustacheRendering(linked, templates, context)
    _ = rendering.stack.enter(templates.page)
    let text = linked.library.render(rendering.root, withTemplate: templates.page)
    if let failure = rendering.failure { throw failure }
    return text ?? ""
  }
}

/// What the engine makes of one file.
public struct MustacheCode: Sendable {
  let template: MustacheTemplate
  /// What the rewritten text asks for, by reserved key.
  let requests: [String: MustacheRequest]
}

/// What the engine makes of a template and all that it takes in.
public struct MustacheLinked: Sendable {
  var library = MustacheLibrary()
  var requests: [String: MustacheRequest] = [:]
}

/// Something that a template asks for under a reserved key.
struct MustacheRequest: Sendable {
  enum Kind: Sendable {
    /// A template: its name as written, and after linking its file.
    case partial(String)
    /// The template that the value which is asked names.
    case computedPartial
    /// The URL of an asset.
    case asset(String)
  }

  var kind: Kind
  var user: String
  var position: TemplatePosition
}
