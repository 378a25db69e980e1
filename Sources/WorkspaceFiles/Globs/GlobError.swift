/// Why a glob could not be compiled, and where in it.
public struct GlobError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The pattern as it was given.
  public var pattern: String
  /// Where the fault is: counted in characters, the first is 1.
  public var column: Int
  /// What is wrong and what to write instead.
  public var message: String

  /// Creates an error.
  public init(pattern: String, column: Int, message: String) {
    self.pattern = pattern
    self.column = column
    self.message = message
  }

  /// For example `glob "a[z" column 2: "[" is never closed: …`.
  public var description: String {
    "glob \"\(pattern)\" column \(column): \(message)"
  }
}
