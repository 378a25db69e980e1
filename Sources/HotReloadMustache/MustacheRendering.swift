import HotReloadContent
import Mustache
import WorkspaceTools

/// One rendering: answers what the rewritten templates ask for. It belongs to one thread.
final class MustacheRendering {
  let stack = RenderingStack()
  /// The first thing that went wrong. swift-mustache cannot be stopped; after a failure no template is entered any
  /// more.
  private(set) var failure: TemplateError?
  private let linked: MustacheLinked
  private let templates: ReachableTemplates<MustacheCode>
  private let context: RenderContext

  init(
    _ linked: MustacheLinked, _ templates: ReachableTemplates<MustacheCode>,
    _ context: RenderContext
  ) {
    self.linked = linked
    self.templates = templates
    self.context = context
  }

  /// The data, as swift-mustache sees it.
  var root: MustacheNode { MustacheNode(tree: context.data, rendering: self, isRoot: true) }

  /// Notes that the page depends on a key of the data.
  func noteKey(_ key: String) { context.keyUsed(key) }

  /// Notes that the page depends on all of the data.
  func noteAllKeys() {
    for entry in context.data.table ?? ConfigTable() { context.keyUsed(entry.key) }
  }

  /// A value as swift-mustache sees it.
  func node(_ tree: ConfigTree) -> Any {
    tree.array.map { MustacheList(elements: $0, rendering: self) as Any }
      ?? MustacheNode(tree: tree, rendering: self)
  }

  /// What stands for a reserved key.
  /// - Parameter receiver: the value that is asked for it.
  /// - Returns: the file of a template, a URL, or nil after a failure, which renders as nothing.
  func answer(_ key: String, receiver: ConfigTree) -> Any? {
    guard failure == nil, let request = linked.requests[key] else { return nil }
    do {
      switch request.kind {
      case .partial(let path):
        return enter(path, request)
      case .computedPartial:
        guard let name = receiver.string else {
          throw fail(
            request, "a template's name is a text; the data has \(receiver.value.kindName)")
        }
        return enter(try templates.use(name), request)
      case .asset(let name):
        return HTMLText.escaped(try context.asset(name))
      }
    } catch {
      record(error, request)
      return nil
    }
  }

  private func enter(_ path: String, _ request: MustacheRequest) -> String? {
    guard stack.enter(path, from: (request.user, request.position)) else {
      failure = fail(
        request,
        "\(path) is taken in again and again, without end: \(stack.cycleText). Mustache looks up a key that "
          + "a value does not have in the values around it: give each, also the last, the key of the "
          + "section, such as \"children\": []")
      return nil
    }
    return path
  }

  private func fail(_ request: MustacheRequest, _ message: String) -> TemplateError {
    let position = request.position
    return TemplateError(
      ConfigDiagnostic(
        location: SourceLocation(
          file: request.user, line: position.line, column: position.column), message: message))
  }

  /// Gives an error the place of the request if it has none.
  private func record(_ error: any Error, _ request: MustacheRequest) {
    switch error {
    case let error as TemplateError where error.diagnostics.allSatisfy({ $0.location != nil }):
      failure = error
    case let error as TemplateError:
      failure = fail(request, error.diagnostics.map(\.message).joined(separator: "; "))
    case let error as ConfigDiagnostic:
      failure = fail(request, error.message)
    default:
      failure = fail(request, "\(error)")
    }
  }
}
