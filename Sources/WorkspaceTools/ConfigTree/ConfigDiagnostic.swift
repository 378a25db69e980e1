/// What is wrong with a configuration, where, and what was expected.
public struct ConfigDiagnostic: Error, Sendable, Hashable, CustomStringConvertible {
  /// Where it is; nil if the value was made by a program.
  public var location: SourceLocation?
  /// The key path that is concerned, such as `server.port`; empty for the whole document.
  public var keyPath: String
  /// What is wrong, and what was expected.
  public var message: String

  /// What is wrong, and where.
  public init(location: SourceLocation?, keyPath: String = "", message: String) {
    self.location = location
    self.keyPath = keyPath
    self.message = message
  }

  /// `config/app.toml:12:8 server.port: expected Int, found String "80a"`.
  public var description: String {
    let place = [location.map(\.description), keyPath.isEmpty ? nil : keyPath]
      .compactMap { $0 }.joined(separator: " ")
    return place.isEmpty ? message : "\(place): \(message)"
  }
}

/// What a parser throws: a diagnostic whose location is inside the document.
public typealias ConfigParseError = ConfigDiagnostic
