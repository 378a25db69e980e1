/// A place where a template shows the URL of an asset whose name is written there, and not computed.
public struct TemplateAsset: Sendable, Hashable {
  /// The asset's name as it is written: `app.css`.
  public var name: String
  /// Where the template asks for it.
  public var position: TemplatePosition

  /// Creates one.
  public init(name: String, position: TemplatePosition) {
    self.name = name
    self.position = position
  }
}
