public import WorkspaceTools

/// What a template is rendered with.
public struct RenderContext: Sendable {
  /// The values that the template can show.
  public var data: ConfigTree
  /// The URL of an asset, by its name below the folder of assets, such as `app.css`. It throws if there is no such
  /// asset, and notes in ``RenderUsage`` what it was asked for.
  public var asset: @Sendable (String) throws -> String
  /// Is called with each key at the top of the data that the page depends on, be it there or not, perhaps several times and perhaps
  /// with a few too many. So whoever puts the data together knows which of it a page was made from.
  public var keyUsed: @Sendable (String) -> Void

  /// Creates a context.
  /// - Parameters:
  ///   - data: a table of the values.
  ///   - keyUsed: is told which keys of the table are used; by default nobody is.
  ///   - asset: the URL of an asset.
  public init(
    data: ConfigTree, keyUsed: @escaping @Sendable (String) -> Void = { _ in },
    asset: @escaping @Sendable (String) throws -> String
  ) {
    self.data = data
    self.keyUsed = keyUsed
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
