public import WorkspaceTools

/// Why a template cannot be compiled or rendered.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Everything that is wrong, each with its place; what was found first is first.
  public var diagnostics: [ConfigDiagnostic]

  /// Creates an error.
  public init(_ diagnostics: [ConfigDiagnostic]) {
    self.diagnostics = diagnostics
  }

  /// Creates an error of one thing that is wrong.
  public init(_ diagnostic: ConfigDiagnostic) {
    diagnostics = [diagnostic]
  }

  /// A line for each thing that is wrong.
  public var description: String {
    diagnostics.map(\.description).joined(separator: "\n")
  }
}
