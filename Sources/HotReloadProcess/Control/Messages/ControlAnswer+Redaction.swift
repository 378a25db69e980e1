public import WorkspaceTools

extension ControlAnswer {
  /// The same without the values of secret keys. The server does this to every answer unless the request asks for
  /// secrets, so that no target can forget it.
  public func redacted(by rules: RedactionRules) -> ControlAnswer {
    switch self {
    case .pong: return self
    case .status(var value):
      value.status = value.status.redacted(by: rules)
      return .status(value)
    case .report(let value): return .report(value.redacted(by: rules))
    case .pausing(var value):
      value.report = value.report?.redacted(by: rules)
      return .pausing(value)
    case .history(var value):
      for index in value.entries.indices { value.entries[index].errors.redact(by: rules) }
      return .history(value)
    case .diff(var value):
      for index in value.differences.indices { value.differences[index].redact(by: rules) }
      return .diff(value)
    case .check(var value):
      for index in value.configs.indices { value.configs[index].errors.redact(by: rules) }
      return .check(value)
    case .error(var value):
      value.errors.redact(by: rules)
      return .error(value)
    }
  }
}

extension ControlDiff.Difference {
  fileprivate mutating func redact(by rules: RedactionRules) {
    // A key path that cannot be read is taken for a secret one.
    guard let path = ConfigKeyPath(keyPath) else {
      (old, new) = (old.map { _ in .replacement }, new.map { _ in .replacement })
      return
    }
    let hidden = ConfigDifference(keyPath: path, old: old, new: new).redacted(by: rules)
    (old, new) = (hidden.old, hidden.new)
  }
}

extension ConfigTree {
  fileprivate static var replacement: ConfigTree { ConfigTree(.string(RedactionRules.replacement)) }
}

extension [ConfigDiagnostic.Document] {
  fileprivate mutating func redact(by rules: RedactionRules) {
    self = map { $0.redacted(by: rules) }
  }
}
