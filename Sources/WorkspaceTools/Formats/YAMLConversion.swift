import Yams

/// Makes a tree of Yams' nodes by the core schema of YAML 1.2, with anchors, aliases and merge keys.
struct YAMLConversion {
  /// How deep sequences and mappings may be nested, aliases included. It is libyaml's own limit.
  static let maximumNesting = 1000
  /// How many values a document may have after its aliases were put in.
  static let maximumNodes = 1_000_000

  /// A value that was converted, with what it adds where an alias stands for it.
  private struct Converted {
    var tree: ConfigTree
    /// The levels of tables and arrays below it, itself included.
    var height = 0
  }

  private struct Anchored {
    var value: Converted
    var nodeCount: Int
  }

  private let text: YAMLText
  private var anchors: [String: Anchored] = [:]
  private var nodeCount = 0

  init(text: YAMLText) {
    self.text = text
  }

  /// The document's tree; no document, or null, is an empty table.
  mutating func document(_ root: Node?) throws(ConfigParseError) -> ConfigTree {
    let empty = ConfigTree(.table(ConfigTable()), location: text.start)
    guard let root else { return empty }
    let tree = try convert(root, depth: 0).tree
    switch tree.value {
    case .table: return tree
    case .null: return empty
    default:
      throw ConfigDiagnostic(
        location: tree.location,
        message: "the top of a configuration must be a table, found \(tree.value.kindName)")
    }
  }

  private func error(_ message: String, at mark: Mark?) -> ConfigDiagnostic {
    ConfigDiagnostic(location: mark.map(text.location(of:)) ?? text.start, message: message)
  }

  private mutating func count(_ added: Int, at mark: Mark?) throws(ConfigParseError) {
    nodeCount += added
    guard nodeCount <= Self.maximumNodes else {
      throw error("the document has more than \(Self.maximumNodes) values", at: mark)
    }
  }

  private func checkDepth(_ depth: Int, at mark: Mark?) throws(ConfigParseError) {
    guard depth <= Self.maximumNesting else {
      throw error("nested more than \(Self.maximumNesting) levels deep", at: mark)
    }
  }

  private mutating func convert(_ node: Node, depth: Int) throws(ConfigParseError) -> Converted {
    let before = nodeCount
    try count(1, at: node.mark)
    let converted: Converted
    let anchor: Anchor?
    switch node {
    case .scalar(let scalar):
      if let name = try aliasName(scalar) {
        return try resolve(name, at: scalar.mark, depth: depth)
      }
      let value = try self.scalar(scalar)
      converted = Converted(tree: ConfigTree(value, location: scalar.mark.map(text.location(of:))))
      anchor = scalar.anchor
    case .sequence(let sequence):
      converted = try array(sequence, depth: depth + 1)
      anchor = sequence.anchor
    case .mapping(let mapping):
      converted = try table(mapping, depth: depth + 1)
      anchor = mapping.anchor
    case .alias(let alias):
      return try resolve(alias.anchor.rawValue, at: alias.mark, depth: depth)
    }
    if let anchor {
      anchors[anchor.rawValue] = Anchored(value: converted, nodeCount: nodeCount - before)
    }
    return converted
  }

  /// The name of the anchor that a scalar stands for, if it is an alias.
  private func aliasName(_ scalar: Node.Scalar) throws(ConfigParseError) -> String? {
    guard let standIn = text.standIn, scalar.style == .plain,
      scalar.string.unicodeScalars.first == standIn
    else { return nil }
    let name = String(scalar.string.unicodeScalars.dropFirst())
    let isName = !name.isEmpty && name.utf8.allSatisfy { TOMLParser.isBare($0) }
    // Yams gives the tag of a text to all keys without one.
    let tag = scalar.tag.rawValue
    let isUntagged = tag.isEmpty || tag == YAMLScalar.tagPrefix + "str"
    guard isName, scalar.anchor == nil, isUntagged else {
      throw error("a '*' starts an alias; a text that starts with it needs quotes", at: scalar.mark)
    }
    return name
  }

  private mutating func resolve(
    _ name: String, at mark: Mark?, depth: Int
  ) throws(ConfigParseError) -> Converted {
    guard let anchored = anchors[name] else {
      throw error("the alias *\(name) has no anchor &\(name) before it", at: mark)
    }
    try count(anchored.nodeCount, at: mark)
    try checkDepth(depth + anchored.value.height, at: mark)
    return anchored.value
  }

  private mutating func array(
    _ sequence: Node.Sequence, depth: Int
  ) throws(ConfigParseError) -> Converted {
    try checkDepth(depth, at: sequence.mark)
    try checkTag(sequence.tag, allowed: "seq", at: sequence.mark)
    var elements: [ConfigTree] = []
    elements.reserveCapacity(sequence.count)
    var height = 0
    for element in sequence {
      do throws(ConfigParseError) {
        let converted = try convert(element, depth: depth)
        height = max(height, converted.height)
        elements.append(converted.tree)
      } catch {
        throw error.prefixed(with: .index(elements.count))
      }
    }
    let location = sequence.mark.map(text.location(of:))
    return Converted(tree: ConfigTree(.array(elements), location: location), height: height + 1)
  }

  private mutating func table(
    _ mapping: Node.Mapping, depth: Int
  ) throws(ConfigParseError) -> Converted {
    try checkDepth(depth, at: mapping.mark)
    try checkTag(mapping.tag, allowed: "map", at: mapping.mark)
    var table = ConfigTable()
    var merged: [ConfigTable] = []
    var height = 0
    for (keyNode, valueNode) in mapping {
      let key = try self.key(keyNode)
      if let position = table.position(of: key) {
        var error = error(
          DuplicateKey.message(key, first: table[position].keyPosition), at: keyNode.mark)
        error.keyPath = ConfigKeyPath.written(key)
        throw error
      }
      do throws(ConfigParseError) {
        let converted = try convert(valueNode, depth: depth)
        height = max(height, converted.height)
        if isMergeKey(keyNode) {
          merged += try mergedTables(converted.tree, at: keyNode.mark)
        } else {
          let position = keyNode.mark.map(text.position(of:)) ?? .unknown
          table.append(key, converted.tree, at: position)
        }
      } catch {
        throw error.prefixed(with: .key(key))
      }
    }
    // What is written here wins over what is merged, and the earlier over the later.
    for other in merged {
      for entry in other where table.position(of: entry.key) == nil {
        table.append(entry.key, entry.value, at: .unknown)
      }
    }
    let location = mapping.mark.map(text.location(of:))
    return Converted(tree: ConfigTree(.table(table), location: location), height: height + 1)
  }

  private func isMergeKey(_ node: Node) -> Bool {
    guard let scalar = node.scalar else { return false }
    return scalar.style == .plain && scalar.string == "<<"
  }

  private func mergedTables(
    _ tree: ConfigTree, at mark: Mark?
  ) throws(ConfigParseError) -> [ConfigTable] {
    if let table = tree.table { return [table] }
    let elements = tree.array ?? []
    let tables = elements.compactMap(\.table)
    guard tree.array != nil, tables.count == elements.count else {
      throw error("'<<' needs a table or an array of tables, usually an alias", at: mark)
    }
    return tables
  }

  /// A key as it is written: `1: x` has the key "1", `yes: x` the key "yes".
  private mutating func key(_ node: Node) throws(ConfigParseError) -> String {
    try count(1, at: node.mark)
    guard case .scalar(let scalar) = node else {
      throw error("a key must be a text, not a table or an array", at: node.mark)
    }
    guard let name = try aliasName(scalar) else {
      if let anchor = scalar.anchor {
        let tree = ConfigTree(
          .string(text.restoring(scalar.string)), location: scalar.mark.map(text.location(of:)))
        anchors[anchor.rawValue] = Anchored(value: Converted(tree: tree), nodeCount: 1)
      }
      return text.restoring(scalar.string)
    }
    let tree = try resolve(name, at: scalar.mark, depth: 0).tree
    guard let key = tree.string else {
      throw error("the alias *\(name) is a key but stands for no text", at: scalar.mark)
    }
    return key
  }

  private func checkTag(
    _ tag: Tag, allowed: String, at mark: Mark?
  ) throws(ConfigParseError) {
    let name = tag.rawValue
    guard name.isEmpty || name == "!" || name == YAMLScalar.tagPrefix + allowed else {
      throw error("the tag \(YAMLScalar.written(name)) is not supported here", at: mark)
    }
  }

  private func scalar(_ scalar: Node.Scalar) throws(ConfigParseError) -> ConfigTree.Value {
    let content = text.restoring(scalar.string)
    let tag = scalar.tag.rawValue
    let resolved: ConfigTree.Value?
    switch tag {
    case "" where scalar.style == .plain: resolved = YAMLScalar.resolve(content)
    case "", "!", YAMLScalar.tagPrefix + "str": resolved = .string(content)
    default: resolved = YAMLScalar.value(of: content, tag: tag)
    }
    guard let resolved else {
      if tag.isEmpty { throw error("the number is too large for 64 bits", at: scalar.mark) }
      throw error(
        "this is no value of the tag \(YAMLScalar.written(tag)), or the tag is not supported",
        at: scalar.mark)
    }
    return resolved
  }
}
