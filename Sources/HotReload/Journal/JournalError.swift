/// Why something that was asked of a journal could not be done.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public var description: String

    /// There is no such journal, or it cannot be read.
    public static let unreadable = Code(description: "unreadable")
    /// Something cannot be written.
    public static let unwritable = Code(description: "unwritable")
    /// The unit has no content in that generation that is still known.
    public static let unknownContent = Code(description: "unknownContent")
    /// The bytes of a content are missing or damaged.
    public static let lostContent = Code(description: "lostContent")
    /// The content is of another environment, or of no config.
    public static let notRestorable = Code(description: "notRestorable")
  }

  /// What kind of error it is.
  public var code: Code
  /// What went wrong, and what to do.
  public var message: String

  /// Creates an error.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
