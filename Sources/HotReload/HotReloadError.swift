public import WorkspaceTools

/// Why something that was asked of the hot reload could not be done.
public struct HotReloadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public var description: String

    /// A setting is out of its range, or does not fit the others.
    public static let invalidConfiguration = Code(description: "invalidConfiguration")
    /// A glob is malformed.
    public static let invalidPattern = Code(description: "invalidPattern")
    /// A manager with another configuration runs already.
    public static let alreadyStarted = Code(description: "alreadyStarted")
    /// A config is not good, so there is no value to begin with.
    public static let configRejected = Code(description: "configRejected")
    /// It was called from within a handler or validator, where it would wait for itself.
    public static let reentrant = Code(description: "reentrant")
    /// The manager is paused, so nothing comes into force.
    public static let paused = Code(description: "paused")
    /// A participant could not make anything of what is in force.
    public static let participantRefused = Code(description: "participantRefused")
    /// No journal is kept.
    public static let noJournal = Code(description: "noJournal")
    /// The manager was shut down.
    public static let shutDown = Code(description: "shutDown")
    /// The files cannot be watched.
    public static let cannotWatch = Code(description: "cannotWatch")
    /// What is in force is not the workspace's own files.
    public static let managed = Code(description: "managed")
    /// There is no folder where content is to be loaded from.
    public static let noContent = Code(description: "noContent")
    /// There are too many handlers or event sequences.
    public static let tooManyReceivers = Code(description: "tooManyReceivers")
  }

  /// What kind of error it is.
  public var code: Code
  /// What went wrong, and what to do.
  public var message: String
  /// What is wrong with which file, if files are.
  public var diagnostics: [ConfigDiagnostic]

  /// Creates an error.
  public init(code: Code, message: String, diagnostics: [ConfigDiagnostic] = []) {
    self.code = code
    self.message = message
    self.diagnostics = diagnostics
  }

  /// The message, and a line for each diagnostic.
  public var description: String {
    ([message] + diagnostics.map { "  \($0)" }).joined(separator: "\n")
  }

  static let paused = HotReloadError(
    code: .paused, message: "the hot reload manager is paused; resume it first")

  static let shutDown = HotReloadError(
    code: .shutDown, message: "the hot reload manager was shut down; start another one")
}
