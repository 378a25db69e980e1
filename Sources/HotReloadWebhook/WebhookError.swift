/// Why an event could not be told.
public struct WebhookError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public var description: String

    /// The address is none, or one that cannot be used.
    public static let invalidURL = Code(description: "invalidURL")
    /// An option is out of its range.
    public static let invalidOptions = Code(description: "invalidOptions")
    /// The server does not want the request, and would not later.
    public static let refused = Code(description: "refused")
    /// All attempts failed.
    public static let failed = Code(description: "failed")
  }

  /// What kind of error it is.
  public var code: Code
  /// What happened, and what to do. Of the address it names the server only: a path or a query may hold a secret.
  public var message: String
  /// The status of the last response, if there was one.
  public var status: Int?

  /// Creates an error.
  public init(code: Code, message: String, status: Int? = nil) {
    self.code = code
    self.message = message
    self.status = status
  }

  /// The message.
  public var description: String { message }
}
