enum TOMLParser {
  static func parse(
    _ bytes: [UInt8], source: SourceLocation.Source
  ) throws(ConfigParseError) -> ConfigTree {
    throw ConfigDiagnostic(
      location: SourceLocation(file: source.name, line: 1, column: 1),
      message: "TOML is not read yet")
  }
}
