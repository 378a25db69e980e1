/// A place where a template takes in another one.
public struct TemplateReference: Sendable, Hashable, Codable {
  /// How.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// A partial: `{{> header}}`.
    case partial
    /// An included template: `{% include "header.stencil" %}`.
    case include
    /// A layout whose blocks the template fills: `{{< layout}}`, `{% extends "layout.stencil" %}`.
    case inheritance
  }

  /// How it is taken in.
  public var kind: Kind
  /// The other template's name as it is written; nil if the data says it, so that it may be any.
  public var name: String?
  /// Where the name stands.
  public var position: TemplatePosition
  /// Whether it depends on the data if the other template is taken in at all: it is in a section, a condition or a
  /// loop.
  public var isConditional: Bool

  /// Creates a reference.
  public init(kind: Kind, name: String?, position: TemplatePosition, isConditional: Bool) {
    self.kind = kind
    self.name = name
    self.position = position
    self.isConditional = isConditional
  }
}
