import WorkspaceTools

/// A config in one type, and what its variants are in it: all that ``ValueStream/current(for:)`` needs.
struct MadeValue<T: Sendable>: Sendable {
  var value: T
  var variants: VariantValues<T>?

  init(_ value: T) {
    self.value = value
  }
}

extension MadeValue where T: Decodable {
  /// Decodes a config and all its variants.
  ///
  /// - Throws: `ConfigError` with what is wrong in any of them.
  init(_ config: LoadedConfig, validating: Bool) throws {
    var values: [T] = []
    var code: ConfigError.Code?
    let wrong = config.diagnosticsOfAll { variant in
      do throws(ConfigError) {
        values.append(try variant.decode(T.self, validating: validating))
        return []
      } catch {
        code = code ?? error.code
        return error.diagnostics
      }
    }
    guard wrong.isEmpty, let value = values.first else {
      throw ConfigError(code: code ?? .decode, config: config.name, diagnostics: wrong)
    }
    self.init(value)
    guard values.count > 1 || config.experiment != nil else { return }
    let names = config.variants.map(\.name)
    variants = VariantValues(
      names: [ConfigExperiment.control] + names, values: values,
      assigner: config.experiment.map { VariantAssigner($0, variants: names) })
  }
}

/// The values of a config's variants, and who gets which.
final class VariantValues<T: Sendable>: Sendable {
  /// `control`, and then the variants in the order of their names' bytes.
  let names: [String]
  /// One for each name.
  let values: [T]
  /// Nil if the config has no experiment: then everybody gets the first value.
  let assigner: VariantAssigner?

  init(names: [String], values: [T], assigner: VariantAssigner?) {
    self.names = names
    self.values = values
    self.assigner = assigner
  }
}
