import SystemPackage

/// What went wrong with a workspace as a whole: its root, its environment, a path in it.
///
/// Errors of one config are ``ConfigError``s.
public struct WorkspaceError: Error, Sendable, CustomStringConvertible {
  /// What kind of thing went wrong, for a program to decide by.
  public enum Code: Sendable, Hashable {
    /// The root folder does not exist, or is not a folder.
    case rootMissing
    /// The process has no current folder to start from (it was removed, or may not be read).
    case noCurrentDirectory
    /// The environment's name cannot be part of a file's name.
    case invalidEnvironmentName
    /// These environment variables are required, and missing or empty.
    case missingVariables([String])
    /// A path leaves the root by `..`, by a link, or because it is absolute.
    case outsideRoot
    /// A glob is malformed.
    case invalidPattern
    /// More files match, or would have to be looked at, than the limit allows.
    case tooManyFiles
    /// The file system refused.
    case fileSystem
  }

  /// What kind of thing went wrong.
  public var code: Code
  /// What went wrong and where, as one sentence.
  public var message: String
  /// What the person reading can do about it; empty if the message says it.
  public var advice: String
  /// The error that caused this one, if there is one.
  public var cause: (any Error)?

  /// Creates an error.
  public init(code: Code, message: String, advice: String = "", cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.advice = advice
    self.cause = cause
  }

  /// Message, cause and advice in one line.
  public var description: String {
    var text = message
    if let cause { text += ": \(cause)" }
    if !advice.isEmpty { text += text.hasSuffix(".") ? " \(advice)" : ". \(advice)" }
    return text
  }

  static func fileSystem(_ action: String, _ path: FilePath, _ error: Errno) -> WorkspaceError {
    WorkspaceError(code: .fileSystem, message: "cannot \(action) \(path)", cause: error)
  }
}
