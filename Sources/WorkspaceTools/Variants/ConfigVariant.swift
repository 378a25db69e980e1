public import WorkspaceFiles

/// A config as some of its users get it: with an overlay of its own.
public struct ConfigVariant: Sendable {
  /// The largest number of variants that a config may have.
  public static let maximumCount = 32

  /// The variant's name: `treatment` of `config/app@treatment.toml`.
  public let name: String
  /// The config with the overlay merged over base and environment layer, and below the local layer and the environment
  /// variables.
  public let config: LoadedConfig

  /// What an error of this variant is to say, so that it is clear that it is not the config's own. What is in the
  /// overlay's file speaks for itself.
  package func named(_ diagnostic: ConfigDiagnostic) -> ConfigDiagnostic {
    let overlay = config.layers.first { $0.layer.variantName == name }
    if let overlay, diagnostic.location?.file == overlay.path.string { return diagnostic }
    var named = diagnostic
    named.message += " (in variant \(name))"
    return named
  }
}

extension LoadedConfig {
  /// The config as a variant has it; `control` is the config itself. Nil if there is no such variant.
  public func variant(_ name: String) -> LoadedConfig? {
    name == ConfigExperiment.control ? self : variants.first { $0.name == name }?.config
  }

  /// A digest of what the config and all its variants say: without variants, that of ``tree``.
  public var fingerprint: ContentDigest {
    if variants.isEmpty { return tree.fingerprint }
    let parts = variants.map { "\($0.config.tree.fingerprint) \($0.name)\n" }
    return ContentDigest(of: Array("\(tree.fingerprint)\n\(parts.joined())".utf8))
  }

  /// Whether the other config and all its variants say the same.
  package func saysTheSame(as other: LoadedConfig) -> Bool {
    tree == other.tree && variants.count == other.variants.count
      && zip(variants, other.variants).allSatisfy {
        $0.name == $1.name && $0.config.tree == $1.config.tree
      }
  }

  /// Calls `body` with the config and then with each variant, and returns what is wrong in any of them: what is wrong in
  /// the config itself is not told again of its variants.
  package func diagnosticsOfAll(
    _ body: (LoadedConfig) -> [ConfigDiagnostic]
  ) -> [ConfigDiagnostic] {
    var found = body(self)
    let own = Set(found)
    for variant in variants {
      found += body(variant.config).filter { !own.contains($0) }.map(variant.named)
    }
    return found
  }
}

extension LoadedConfig {
  /// What is otherwise than in `old`. What is so in a variant alone has the variant's name with an `@` before its key:
  /// `@treatment.server.port`.
  public func difference(from old: LoadedConfig) -> [ConfigDifference] {
    let own = tree.difference(from: old.tree)
    var names = variants.map(\.name)
    names += old.variants.map(\.name).filter { !names.contains($0) }
    let known = Set(own)
    return names.reduce(into: own) { found, name in
      // A variant that there is not is the config itself.
      let before = old.variant(name) ?? old
      let after = variant(name) ?? self
      for difference in after.tree.difference(from: before.tree) where !known.contains(difference) {
        var difference = difference
        difference.keyPath.components.insert(.key("@\(name)"), at: 0)
        found.append(difference)
      }
    }
  }
}
