/// Why a reconfigurable service could not be started, or ended though nobody asked it to.
public struct ReconfigurableServiceError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public var description: String

    /// It ended or failed before it was ready, or was not ready in time.
    public static let notReady = Code(description: "notReady")
    /// Its `run()` returned or threw, although nobody had asked it to end.
    public static let endedEarly = Code(description: "endedEarly")
    /// The program is shutting down.
    public static let shutDown = Code(description: "shutDown")
  }

  /// What kind of error it is.
  public var code: Code
  /// What went wrong, and what to do.
  public var message: String
  /// What the service threw, if it did.
  public var cause: (any Error)?

  /// Creates an error.
  public init(code: Code, message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message, and the cause.
  public var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}
