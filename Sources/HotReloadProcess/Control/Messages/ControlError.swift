public import HotReload
public import WorkspaceTools

/// Why a request was not answered, or could not be asked.
public struct ControlError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// What kind of error it is. Later versions add codes, so this is no enumeration.
  public struct Code: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The code as it stands on the socket.
    public var description: String

    /// A code by its name.
    public init(_ description: String) { self.description = description }

    /// Reads the name.
    public init(from decoder: any Decoder) throws {
      description = try decoder.singleValueContainer().decode(String.self)
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(description)
    }

    /// The line is no request, or none that is known.
    public static let malformed = Code("malformed")
    /// The line is longer than the server takes.
    public static let tooLong = Code("tooLong")
    /// The other side speaks another version.
    public static let unsupportedVersion = Code("unsupportedVersion")
    /// Too many clients are connected.
    public static let busy = Code("busy")
    /// The instance cannot do that.
    public static let notAvailable = Code("notAvailable")
    /// There is no such config or generation.
    public static let notFound = Code("notFound")
    /// The content is not good.
    public static let rejected = Code("rejected")
    /// The instance ends.
    public static let shutDown = Code("shutDown")
    /// It took too long. What was asked may still happen.
    public static let timedOut = Code("timedOut")
    /// Something else went wrong in the instance.
    public static let failed = Code("failed")
    /// No instance runs that could be asked.
    public static let noInstance = Code("noInstance")
    /// Several instances run, and it was not said which is meant.
    public static let ambiguous = Code("ambiguous")
    /// The instance belongs to another user.
    public static let notPermitted = Code("notPermitted")
    /// The connection ended before the answer came.
    public static let connectionLost = Code("connectionLost")
    /// The socket cannot be made.
    public static let cannotListen = Code("cannotListen")
    /// A live process has the folder's socket.
    public static let inUse = Code("inUse")
  }

  /// What kind of error it is.
  public var code: Code
  /// What went wrong, and what to do.
  public var message: String
  /// What is wrong with which file, if files are.
  public var errors: [ConfigDiagnostic.Document]

  /// Creates an error.
  public init(code: Code, message: String, errors: [ConfigDiagnostic.Document] = []) {
    self.code = code
    self.message = message
    self.errors = errors
  }

  /// The message, and a line for each thing that is wrong in a file.
  public var description: String {
    ([message] + errors.map { "  \($0)" }).joined(separator: "\n")
  }
}
