/// How configs are loaded.
public struct ConfigLoadOptions: Sendable {
  /// Whether environment variables are the top layer: `APP__SERVER__PORT` for `server.port` of config `app`.
  /// Off by default.
  public var environmentVariables: Bool
  /// Whether `${VAR}`, `${VAR:-default}` and `${file:/run/secrets/x}` in strings are replaced. Off by default.
  public var interpolation: Bool
  /// The largest size of one file in bytes. Default 16 MiB.
  public var maximumFileSize: Int
  /// Whether a config file may be a link, or below a link, that leads out of the root. Off by default.
  public var allowsLinksOutOfRoot: Bool
  /// Whether ``ValidatedConfig/validate()`` is called. On by default. Decoding is never left out.
  public var validates: Bool
  /// The variables for the environment layer and `${…}`; nil for those of the workspace's environment.
  public var processEnvironment: [String: String]?

  /// The default of ``maximumFileSize``: 16 MiB.
  public static let defaultMaximumFileSize = 16 * 1024 * 1024

  /// Creates options.
  public init(
    environmentVariables: Bool = false, interpolation: Bool = false,
    maximumFileSize: Int = ConfigLoadOptions.defaultMaximumFileSize,
    allowsLinksOutOfRoot: Bool = false, validates: Bool = true,
    processEnvironment: [String: String]? = nil
  ) {
    self.environmentVariables = environmentVariables
    self.interpolation = interpolation
    self.maximumFileSize = maximumFileSize
    self.allowsLinksOutOfRoot = allowsLinksOutOfRoot
    self.validates = validates
    self.processEnvironment = processEnvironment
  }
}
