import Logging
import WorkspaceTools

/// What `config/server.toml` says, with the environment's overlay.
struct ServerConfig: Decodable, Sendable, Equatable, ValidatedConfig {
  /// What a client may ask of the server.
  struct Limits: Decodable, Sendable, Equatable {
    /// Connections at a time; further ones wait.
    var maxConnections: Int
    /// The largest body of a request.
    var maxBodyBytes: Int
  }

  /// The address to listen on.
  var host: String
  /// The port to listen on, 0 for any.
  var port: Int
  /// What `/` answers.
  var greeting: String
  /// What is logged.
  var logLevel: Logger.Level
  /// Whether each request is logged.
  var debug: Bool
  /// What a client may ask of the server.
  var limits: Limits

  /// The addresses an example may listen on: this machine and nothing else.
  static let loopback = ["127.0.0.1", "::1", "localhost"]

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(
      Self.loopback.contains(host), "host",
      "this example listens on this machine only: \(Self.loopback.joined(separator: ", "))")
    problems.require((0...65_535).contains(port), "port", "must be 0 to 65535, and is \(port)")
    problems.require(!greeting.isEmpty, "greeting", "must not be empty")
    problems.require(
      (1...100_000).contains(limits.maxConnections), "limits.maxConnections",
      "must be 1 to 100000, and is \(limits.maxConnections)")
    problems.require(
      (0...16_777_216).contains(limits.maxBodyBytes), "limits.maxBodyBytes",
      "must be 0 to 16777216, and is \(limits.maxBodyBytes)")
    try problems.throwIfAny()
  }
}
