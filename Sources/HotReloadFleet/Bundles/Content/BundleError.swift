/// Why a bundle could not be made, read, kept or fetched.
public struct BundleError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// There are no files.
    public static let empty = Code(description: "empty")
    /// A path cannot be that of a file in a bundle.
    public static let invalidPath = Code(description: "invalidPath")
    /// It is beyond one of the bounds of ``ContentBundle``.
    public static let tooLarge = Code(description: "tooLarge")
    /// The encoded bundle cannot be read.
    public static let malformed = Code(description: "malformed")
    /// The encoded bundle is of a version that this library does not know.
    public static let unsupportedVersion = Code(description: "unsupportedVersion")
    /// The content is not what its digest says.
    public static let digestMismatch = Code(description: "digestMismatch")
    /// The signature is missing, or is not one of these bytes by this key.
    public static let signatureMismatch = Code(description: "signatureMismatch")
    /// Files hold what looks like secrets; see ``BundleError/findings``.
    public static let secretsFound = Code(description: "secretsFound")
    /// The globs of a scope, or the options of a source, are wrong.
    public static let invalidOptions = Code(description: "invalidOptions")
    /// Files changed each time they were read.
    public static let notSettled = Code(description: "notSettled")
    /// A file cannot be read, or a config in it cannot be parsed.
    public static let unreadable = Code(description: "unreadable")
    /// The disk is full.
    public static let noSpace = Code(description: "noSpace")
    /// Files or folders cannot be written.
    public static let fileSystem = Code(description: "fileSystem")
    /// The server cannot be reached, or does not answer as it should.
    public static let unavailable = Code(description: "unavailable")
    /// Whoever was to put it in force did not take it.
    public static let refused = Code(description: "refused")
    /// The task was cancelled.
    public static let cancelled = Code(description: "cancelled")
  }

  /// What kind of error it is.
  public var code: Code
  /// What happened, where, and what to do next.
  public var message: String
  /// What looks like a secret, and where; never what it is.
  public var findings: [SecretFinding]
  /// The error behind it.
  public var cause: (any Error)?

  /// Creates an error.
  public init(
    _ code: Code, _ message: String, findings: [SecretFinding] = [], cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.findings = findings
    self.cause = cause
  }

  /// The message, and a line for each finding.
  public var description: String {
    ([message] + findings.map { "  \($0)" }).joined(separator: "\n")
  }

  static func tooLarge(_ what: String, limit: String) -> BundleError {
    BundleError(
      .tooLarge,
      "the bundle is too large: \(what), and at most \(limit) are possible; exclude what need not be "
        + "rolled out, and serve large files from elsewhere")
  }

  static func malformed(_ problem: String) -> BundleError {
    BundleError(.malformed, "the bundle cannot be read: \(problem); make it anew")
  }

  static var cancelled: BundleError {
    BundleError(
      .cancelled, "the task was cancelled before the bundle was done", cause: CancellationError())
  }
}
