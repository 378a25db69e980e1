import WorkspaceFiles
import WorkspaceTools

/// One file of templates, compiled or broken.
struct TemplateEntry: Sendable {
  let source: TemplateSource
  let digest: ContentDigest
  /// Which of the engines it is for.
  let engine: Int
  /// What other templates can call it, without and with its extension.
  let names: [String]
  /// What the engine made of it; nil if it is broken.
  let code: (any Sendable)?
  let references: [TemplateReference]
  /// The assets that are named in it.
  let assets: [TemplateAsset]
  /// What is wrong with it alone.
  let problems: [ConfigDiagnostic]

  var path: String { source.path }
}

/// What is wrong with a template.
enum TemplateProblem: Sendable, Hashable {
  /// With its text.
  case syntax(ConfigDiagnostic)
  /// It names a template that is not there.
  case missing(TemplateReference)
  /// It takes in itself without any condition; from it, step by step, back to it.
  case endless([TemplateLink])
}

/// That one template takes in another.
public struct TemplateLink: Sendable, Hashable, Codable {
  /// The file that takes in the other, relative to the root.
  public var user: String
  /// The file that is taken in.
  public var target: String
  /// How, and where in the user. Its name is nil if the data says which it is: then the target may be any.
  public var reference: TemplateReference

  /// `templates/a.mustache:3:5`.
  var place: String {
    "\(user):\(reference.position.line):\(reference.position.column)"
  }
}
