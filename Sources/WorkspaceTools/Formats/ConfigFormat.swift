/// A format of configuration documents.
public enum ConfigFormat: String, Sendable, Hashable, CaseIterable {
  /// RFC 8259.
  case json
  /// TOML 1.0.
  case toml
  /// YAML with the core schema of YAML 1.2, one document.
  case yaml

  /// No document with more bytes than this is parsed, whatever limit a loader has: 64 MiB, and for
  /// YAML 4 MiB, because Yams takes about 0.3 s and up to 75 MB of memory for each of them.
  public var maximumDocumentSize: Int {
    switch self {
    case .json, .toml: 64 << 20
    case .yaml: 4 << 20
    }
  }

  /// The format that files with this extension have (`toml`, `yaml`, `yml`, `json`; any case,
  /// without the dot); nil for any other.
  public init?(fileExtension: String) {
    let lowered = fileExtension.lowercased()
    guard let format = Self.allCases.first(where: { $0.fileExtensions.contains(lowered) }) else {
      return nil
    }
    self = format
  }

  /// The extensions of this format's files, without the dot, the preferred one first.
  public var fileExtensions: [String] {
    switch self {
    case .json: ["json"]
    case .toml: ["toml"]
    case .yaml: ["yaml", "yml"]
    }
  }

  /// Parses a document, which must be a table at its top.
  ///
  /// Never traps, whatever the bytes are. Nesting is bounded, duplicate keys are refused, and every
  /// value has its position.
  ///
  /// - Parameters:
  ///   - bytes: the document, in UTF-8; a byte order mark at its start is skipped.
  ///   - file: the name that positions and errors show.
  /// - Throws: what is wrong first, with its position.
  public func parse(_ bytes: [UInt8], file: String) throws(ConfigParseError) -> ConfigTree {
    guard bytes.count <= maximumDocumentSize else {
      throw ConfigDiagnostic(
        location: SourceLocation(file: file, line: 1, column: 1),
        message:
          "the document has \(bytes.count) bytes; the limit for \(rawValue) is \(maximumDocumentSize)"
      )
    }
    let source = SourceLocation.Source(name: file)
    switch self {
    case .json: return try JSONParser.parse(bytes, source: source)
    case .toml: return try TOMLParser.parse(bytes, source: source)
    case .yaml: return try YAMLReader.parse(bytes, source: source)
    }
  }
}
