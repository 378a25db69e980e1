import WorkspaceTools

/// Somebody's check of a config, apart from those of the types it is decoded into.
struct ConfigValidator: Sendable {
  let id: UInt64
  let body: @Sendable (LoadedConfig) async throws -> Void

  /// What is wrong with the content and its variants; empty if nothing is.
  func check(_ config: LoadedConfig) async -> [ConfigDiagnostic] {
    var found = await checkAlone(config)
    let own = Set(found)
    for variant in config.variants {
      let wrong = await checkAlone(variant.config).filter { !own.contains($0) }
      found.append(new: wrong.map(variant.named))
    }
    return found
  }

  private func checkAlone(_ config: LoadedConfig) async -> [ConfigDiagnostic] {
    do {
      try await Reentrancy.run { try await body(config) }
      return []
    } catch {
      let found = config.diagnostics(of: error)
      guard found.isEmpty else { return found }
      return [
        ConfigDiagnostic(
          location: config.tree.location, message: "a validator refused it without a reason")
      ]
    }
  }
}

/// A registered validator. Letting go of it does not unregister.
public struct ValidatorRegistration: Sendable {
  let id: UInt64
  let config: String
  let driver: ReloadDriver

  /// Asks the validator no more, from the next transaction on.
  public func unregister() {
    driver.removeValidator(id, of: config)
  }
}
