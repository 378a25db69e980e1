import WorkspaceTools

extension ReloadDriver {
  /// What is wrong with what is on disk; empty for each config that is good.
  func check(_ names: [String]?) async throws -> [String: [ConfigDiagnostic]] {
    let loaded = try await job {
      Result {
        var results: [String: UnitLoadResult] = [:]
        let configs = self.configs.reading(from: self.contentRoot.folder)
        for name in try names ?? configs.names() { results[name] = configs.load(name) }
        return results
      }
    }
    var found: [String: [ConfigDiagnostic]] = [:]
    for (name, result) in loaded {
      switch result {
      case .content(let content): found[name] = try await check(content, as: .config(name))
      case .rejected(let diagnostics): found[name] = diagnostics
      case .absent(let diagnostic): found[name] = [diagnostic]
      }
    }
    return found
  }

  /// Why a content would be refused now; empty if it would not, as far as participants are not asked.
  func check(_ content: UnitContent, as unit: UnitID) async throws -> [ConfigDiagnostic] {
    let (errors, validators) = try await job {
      let (streams, validators, reason) = self.state.withLock { state in
        (
          state.streams[unit].map { Array($0.values) } ?? [],
          unit.configName.flatMap { state.validators[$0] } ?? [],
          state.machine.quarantineReason(of: content, unit)
        )
      }
      var errors = reason.map { ReloadOutcome.quarantined(reason: $0).diagnostics } ?? []
      errors.append(
        new: Self.values(
          of: content, for: streams, at: 0, validating: self.isValidating
        ).errors)
      return .success((errors, self.isValidating ? validators : []))
    }
    var found = errors
    guard let config = content.config else { return found }
    let limit = state.withLock { $0.machine.limits.validate }
    let late = ConfigDiagnostic(
      location: nil, message: "the validator did not answer within \(limit)")
    for validator in validators {
      if let refusal = refusalOfTasks { return found + [refusal] }
      found.append(new: await within(limit) { await validator.check(config) } ?? [late])
    }
    return found
  }
}
