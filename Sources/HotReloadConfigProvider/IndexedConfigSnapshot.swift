import Configuration

/// One version of a config, read as a provider reads it.
struct IndexedConfigSnapshot: ConfigSnapshot {
  let config: IndexedConfig
  let reader: ValueReader

  var providerName: String { reader.providerName }

  func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
    try reader.value(forKey: key, type: type, in: config)
  }
}

extension IndexedConfigSnapshot: CustomStringConvertible {
  var description: String { "\(providerName)[\(config.valueCount) values]" }
}
