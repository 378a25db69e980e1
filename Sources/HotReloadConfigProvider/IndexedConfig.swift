import WorkspaceTools

/// One version of a config, laid out for looking up keys. It is made once, where the version is decoded, so that
/// readers only look.
///
/// Nulls are left out: they say that there is no value.
final class IndexedConfig: Decodable, Sendable {
  let root: IndexedValue
  /// How many values there are that are no tables.
  let valueCount: Int

  init(from decoder: any Decoder) throws {
    // As a tree, with its locations; the decoder of configs hands it over as it is.
    let tree = try decoder.singleValueContainer().decode(ConfigTree.self)
    var valueCount = 0
    root = IndexedValue(tree, isSecret: false, counting: &valueCount)
    self.valueCount = valueCount
  }

  /// The value that the components lead to, one table each.
  func value(at components: [String]) -> IndexedValue? {
    var value = root
    for component in components {
      guard let next = value.children[component] else { return nil }
      value = next
    }
    return value
  }
}

/// A value and those below it. Its depth is bounded by the parsers' limits on nesting.
final class IndexedValue: Sendable {
  let tree: ConfigTree
  /// Whether the default rules call its key, or one above it, secret.
  let isSecretByDefault: Bool
  let children: [String: IndexedValue]

  fileprivate init(_ tree: ConfigTree, isSecret: Bool, counting valueCount: inout Int) {
    self.tree = tree
    isSecretByDefault = isSecret
    guard let table = tree.table else {
      valueCount += 1
      children = [:]
      return
    }
    var children: [String: IndexedValue] = [:]
    children.reserveCapacity(table.count)
    for entry in table where entry.value.value != .null {
      children[entry.key] = IndexedValue(
        entry.value, isSecret: isSecret || RedactionRules.default.isSecret(entry.key),
        counting: &valueCount)
    }
    self.children = children
  }
}
