import Configuration
import WorkspaceTools

/// Looks up keys and converts what is there, as one provider was told to.
final class ValueReader: Sendable {
  let providerName: String
  private let secrets: Secrets
  private let bytesDecoder: any ConfigBytesFromStringDecoder

  /// As in the public type, but the default rules need no asking.
  private enum Secrets {
    case defaultRules
    case rules(RedactionRules)
    case specifier(SecretsSpecifier<String, ConfigTree>)
  }

  init(
    providerName: String, secrets: HotReloadConfigProvider.Secrets,
    bytesDecoder: any ConfigBytesFromStringDecoder
  ) {
    self.providerName = providerName
    self.bytesDecoder = bytesDecoder
    self.secrets =
      switch secrets {
      case .rules(.default): .defaultRules
      case .rules(let rules): .rules(rules)
      case .specifier(let specifier): .specifier(specifier)
      }
  }

  func value(
    forKey key: AbsoluteConfigKey, type: ConfigType, in config: IndexedConfig
  ) throws(ConfigDiagnostic) -> LookupResult {
    try value(config.value(at: key.components), forKey: key, type: type)
  }

  /// What `value`, which was found for the key, is as a `type`.
  func value(
    _ value: IndexedValue?, forKey key: AbsoluteConfigKey, type: ConfigType
  ) throws(ConfigDiagnostic) -> LookupResult {
    let encodedKey = key.components.joined(separator: ".")
    guard let value else { return LookupResult(encodedKey: encodedKey, value: nil) }
    let isSecret = isSecret(value, components: key.components, encodedKey: encodedKey)
    let conversion = ValueConversion(
      components: key.components, isSecret: isSecret, bytesDecoder: bytesDecoder)
    let content = try conversion.content(of: value.tree, as: type)
    return LookupResult(encodedKey: encodedKey, value: ConfigValue(content, isSecret: isSecret))
  }

  private func isSecret(
    _ value: IndexedValue, components: [String], encodedKey: String
  ) -> Bool {
    switch secrets {
    case .defaultRules: value.isSecretByDefault
    case .rules(let rules): components.contains { rules.isSecret($0) }
    case .specifier(let specifier): specifier.isSecret(key: encodedKey, value: value.tree)
    }
  }
}
