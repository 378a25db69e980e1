public import WorkspaceTools

/// What is wrong with a config, and where, as it stands on the socket.
public struct ControlDiagnostic: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The file, relative to the root, or another source; nil if the value was made by a program.
  public var file: String?
  /// The line, from 1; nil for a source without lines.
  public var line: Int?
  /// The column, from 1; nil for a source without lines.
  public var column: Int?
  /// The key path that is concerned; nil for the whole document.
  public var keyPath: String?
  /// What is wrong.
  public var message: String

  /// What a diagnostic says.
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
  public func redacted(by rules: RedactionRules) -> ControlDiagnostic {
    let keys = (keyPath ?? "").split { "[].\"".contains($0) }
    guard keys.contains(where: { rules.isSecret(String($0)) }) else { return self }
    var shown = self
    shown.message = "the value is not accepted \(RedactionRules.replacement)"
    return shown
  }
}
