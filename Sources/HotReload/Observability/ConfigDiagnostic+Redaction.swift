package import WorkspaceTools

extension ConfigDiagnostic {
  /// The same without its message if it stands under a secret key: a type error quotes the value that it found. Of URLs in
  /// any other message the passwords are taken out.
  package func redacted(by rules: RedactionRules) -> ConfigDiagnostic {
    let keys = keyPath.split { "[].\"".contains($0) }
    var shown = self
    guard keys.contains(where: { rules.isSecret(String($0)) }) else {
      shown.message = rules.withoutPasswords(message)
      return shown
    }
    shown.message = "the value is not accepted \(RedactionRules.replacement)"
    return shown
  }
}

extension ReloadOutcome {
  /// The same without the values of secret keys.
  func redacted(by rules: RedactionRules) -> ReloadOutcome {
    switch self {
    case .rejected(let diagnostics):
      .rejected(diagnostics.map { $0.redacted(by: rules) })
    case .refused(let name, let diagnostics):
      .refused(by: name, diagnostics.map { $0.redacted(by: rules) })
    case .applied, .unchanged, .removed, .recovered, .quarantined, .rolledBack: self
    }
  }
}
