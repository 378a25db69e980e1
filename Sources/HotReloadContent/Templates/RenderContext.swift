public import WorkspaceTools

/// What a template is rendered with.
public struct RenderContext: Sendable {
  /// The values that the template can show.
  public var data: ConfigTree
  /// The URL of an asset, by its name below the folder of assets, such as `app.css`. It throws if there is no such
  /// asset, and notes in ``RenderUsage`` what it was asked for.
  public var asset: @Sendable (String) throws -> String

  /// Creates a context.
  /// - Parameters:
  ///   - data: a table of the values.
  ///   - asset: the URL of an asset.
  public init(data: ConfigTree, asset: @escaping @Sendable (String) throws -> String) {
    self.data = data
    self.asset = asset
  }

  /// Creates a context for templates that use no assets; one that does fails.
  public init(data: ConfigTree = ConfigTree(ConfigTable())) {
    self.init(data: data) { name in
      throw ConfigDiagnostic(location: nil, message: "there are no assets, thus no \(name)")
    }
  }

  /// Creates a context from a value that encodes itself.
  /// - Throws: with the key path, if it cannot be encoded.
  public init(
    encoding value: some Encodable, asset: @escaping @Sendable (String) throws -> String
  ) throws(ConfigDiagnostic) {
    self.init(data: try ConfigTree.encode(value), asset: asset)
  }
}
