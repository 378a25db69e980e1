import Stencil

/// Takes in another template: `{% include "header" %}`, `{% include name values %}`. As Stencil's own, but a template
/// that is taken in often is read once.
final class StencilInclude: NodeType {
  let token: Token?
  private let name: Variable
  /// The key of the table whose values the template sees beside all others.
  private let values: String?
  private let rendering: StencilRendering?

  init(_ rendering: StencilRendering?, _ token: Token) throws {
    let words = token.components
    guard words.count == 2 || words.count == 3 else {
      throw TemplateSyntaxError(
        "include takes the name of a template, and perhaps that of a table of values")
    }
    self.token = token
    self.rendering = rendering
    name = Variable(words[1])
    values = words.count == 3 ? words[2] : nil
  }

  func render(_ context: Context) throws -> String {
    guard let rendering else { return "" }
    guard let file = try name.resolve(context) as? String else {
      throw TemplateSyntaxError(
        "\(name.variable) is no text in the data, and cannot name a template")
    }
    let nodes = try rendering.nodes(named: file, context.environment)
    do {
      let table = values.flatMap { context[$0] as? [String: Any] } ?? [:]
      return try context.push(dictionary: table) { try renderNodes(nodes, context) }
    } catch let error as TemplateSyntaxError {
      throw TemplateSyntaxError(
        reason: error.reason, stackTrace: error.stackTrace + (error.token.map { [$0] } ?? []))
    }
  }
}
