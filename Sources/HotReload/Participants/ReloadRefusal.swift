public import WorkspaceTools

/// Thrown by a participant that cannot make anything of a change and knows where what is wrong stands.
public struct ReloadRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// Everything that is wrong.
  public var diagnostics: [ConfigDiagnostic]

  /// Creates a refusal.
  public init(_ diagnostics: [ConfigDiagnostic]) {
    self.diagnostics = diagnostics
  }

  /// A line for each thing that is wrong.
  public var description: String {
    diagnostics.map(\.description).joined(separator: "\n")
  }
}
