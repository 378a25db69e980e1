public import SystemPackage

/// Why a config cannot be loaded, saved or used.
public struct ConfigError: Error, Sendable, CustomStringConvertible {
  /// What kind of thing went wrong, for a program to decide by.
  public enum Code: Sendable, Hashable {
    /// The name cannot be a config's name.
    case invalidName
    /// There is no base file.
    case missing
    /// These files all claim to be the base of the config.
    case duplicateBase([FilePath])
    /// These files all claim to be the same overlay of the config.
    case duplicateOverlay([FilePath])
    /// The extension is of no format that is known.
    case unknownFormat(String)
    /// A file is not what its extension says, or not UTF-8.
    case parse
    /// The content is not of the type that was asked for.
    case decode
    /// The content was refused by ``ValidatedConfig/validate()``.
    case validation
    /// A `${…}` cannot be replaced, or an environment variable cannot be placed.
    case substitution
    /// A variant cannot be called so, or what the config says of its experiment makes no sense.
    case variants
    /// The files changed each time they were read.
    case notSettled
    /// A file is larger than the limit allows.
    case tooLarge
    /// A file is there, and cannot be read.
    case unreadable
    /// A file could not be written.
    case unwritable
    /// A file is, or is below, a link that leads out of the root.
    case outsideRoot
    /// Another update holds the lock.
    case locked
  }

  /// What kind of thing went wrong.
  public var code: Code
  /// The config's name as it was asked for.
  public var config: String
  /// What is wrong, each with its place where it has one. Never empty.
  public var diagnostics: [ConfigDiagnostic]
  /// What the person reading can do about it; empty if the diagnostics say it.
  public var advice: String

  /// Creates an error.
  public init(code: Code, config: String, diagnostics: [ConfigDiagnostic], advice: String = "") {
    self.code = code
    self.config = config
    self.diagnostics =
      diagnostics.isEmpty
      ? [ConfigDiagnostic(location: nil, keyPath: "", message: "config \(config): \(code)")]
      : diagnostics
    self.advice = advice
  }

  /// Creates an error with one message; `file` is named as its place.
  public init(
    code: Code, config: String, message: String, file: FilePath? = nil, advice: String = ""
  ) {
    let location = file.map { SourceLocation(source: $0.string) }
    self.init(
      code: code, config: config,
      diagnostics: [ConfigDiagnostic(location: location, keyPath: "", message: message)],
      advice: advice)
  }

  /// The diagnostics, one a line, and what to do.
  public var description: String {
    let lines = diagnostics.map(\.description) + (advice.isEmpty ? [] : [advice])
    return lines.joined(separator: "\n")
  }
}
