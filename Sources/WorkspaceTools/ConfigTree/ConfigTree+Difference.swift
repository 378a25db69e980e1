/// One value that differs between two trees.
public struct ConfigDifference: Sendable, Hashable {
  /// Where it is.
  public var keyPath: ConfigKeyPath
  /// The value before; nil if there was none.
  public var old: ConfigTree?
  /// The value now; nil if there is none any more.
  public var new: ConfigTree?

  /// A difference at a place.
  public init(keyPath: ConfigKeyPath, old: ConfigTree?, new: ConfigTree?) {
    self.keyPath = keyPath
    self.old = old
    self.new = new
  }

  /// The same difference with secret values replaced: those under a secret key, and those inside.
  /// The replaced values of a changed secret are equal; that they stand here says that it changed.
  public func redacted(by rules: RedactionRules = .default) -> ConfigDifference {
    let isSecret = keyPath.components.contains { component in
      if case .key(let key) = component { rules.isSecret(key) } else { false }
    }
    func hidden(_ tree: ConfigTree?) -> ConfigTree? {
      guard let tree else { return nil }
      if isSecret && tree.value != .null {
        return ConfigTree(.string(RedactionRules.replacement), location: tree.location)
      }
      return tree.redacted(by: rules)
    }
    return ConfigDifference(keyPath: keyPath, old: hidden(old), new: hidden(new))
  }
}

extension ConfigTree {
  /// What changed from `old` to this tree, in this tree's order, what was removed after it.
  ///
  /// Tables are compared key by key, arrays of equal length element by element; an array that got
  /// longer or shorter is one difference, and so is a table that was added or removed.
  public func difference(from old: ConfigTree) -> [ConfigDifference] {
    var differences: [ConfigDifference] = []
    collectDifferences(from: old, at: ConfigKeyPath(), into: &differences)
    return differences
  }

  private func collectDifferences(
    from old: ConfigTree, at path: ConfigKeyPath, into differences: inout [ConfigDifference]
  ) {
    switch (old.value, value) {
    case (.table(let before), .table(let now)):
      for entry in now {
        let path = path.appending(.key(entry.key))
        if let previous = before[entry.key] {
          entry.value.collectDifferences(from: previous, at: path, into: &differences)
        } else {
          differences.append(ConfigDifference(keyPath: path, old: nil, new: entry.value))
        }
      }
      for entry in before where now.position(of: entry.key) == nil {
        let path = path.appending(.key(entry.key))
        differences.append(ConfigDifference(keyPath: path, old: entry.value, new: nil))
      }
    case (.array(let before), .array(let now)) where before.count == now.count:
      for (index, (previous, element)) in zip(before, now).enumerated() {
        element.collectDifferences(
          from: previous, at: path.appending(.index(index)), into: &differences)
      }
    default:
      if old != self {
        differences.append(ConfigDifference(keyPath: path, old: old, new: self))
      }
    }
  }
}
