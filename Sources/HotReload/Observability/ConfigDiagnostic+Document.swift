public import WorkspaceTools

extension ConfigDiagnostic {
  /// What is wrong with a config, and where, as it stands in JSON.
  public struct Document: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file, relative to the root, or another source; nil if a program made the value.
    public var file: String?
    /// From 1; nil for a source without lines.
    public var line: Int?
    /// From 1; nil for a source without lines.
    public var column: Int?
    /// The key path that is concerned; nil for the whole document.
    public var keyPath: String?
    /// What is wrong.
    public var message: String

    /// What a diagnostic says. Nothing is hidden; see ``redacted(by:)``.
    public init(_ diagnostic: ConfigDiagnostic) {
      file = diagnostic.location?.file
      if let location = diagnostic.location, location.line > 0 {
        (line, column) = (location.line, location.column)
      }
      keyPath = diagnostic.keyPath.isEmpty ? nil : diagnostic.keyPath
      message = diagnostic.message
    }

    /// The same as the library's own type.
    public var diagnostic: ConfigDiagnostic {
      var location: SourceLocation?
      if let file, let line, let column {
        location = SourceLocation(file: file, line: line, column: column)
      } else if let file {
        location = SourceLocation(source: file)
      }
      return ConfigDiagnostic(location: location, keyPath: keyPath ?? "", message: message)
    }

    /// `config/app.toml:12:8 server.port: expected Int, found String "80a"`.
    public var description: String { diagnostic.description }

    /// The same without the message of an error that stands under a secret key: it may quote the value.
    public func redacted(by rules: RedactionRules = .default) -> Document {
      Document(diagnostic.redacted(by: rules))
    }
  }
}
