extension ConfigFormat {
  /// The tree as a document of this format, which parses into an equal tree again. Only in JSON do
  /// dates become texts.
  ///
  /// - Throws: if the tree has something that the format has not: a null in TOML, an infinity or a
  ///   NaN in JSON, a text that starts with U+FEFF in YAML, or no table at the top. The error names its key path.
  public func serialize(_ tree: ConfigTree) throws(ConfigDiagnostic) -> [UInt8] {
    guard tree.table != nil else {
      throw ConfigDiagnostic(
        location: tree.location,
        message: "the top of a configuration must be a table, found \(tree.value.kindName)")
    }
    switch self {
    case .json: return try JSONWriter.document(tree)
    case .toml: return try TOMLWriter.document(tree)
    case .yaml: return try YAMLWriter.document(tree)
    }
  }
}
