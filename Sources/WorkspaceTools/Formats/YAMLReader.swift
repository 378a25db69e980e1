enum YAMLReader {
  static func parse(
    _ bytes: [UInt8], source: SourceLocation.Source
  ) throws(ConfigParseError) -> ConfigTree {
    throw ConfigDiagnostic(
      location: SourceLocation(file: source.name, line: 1, column: 1),
      message: "YAML is not read yet")
  }
}
