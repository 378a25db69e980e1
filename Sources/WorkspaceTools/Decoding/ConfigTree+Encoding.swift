extension ConfigTree {
  /// The tree that `value` encodes itself as, without locations; what ``decode(_:userInfo:redaction:)``
  /// makes an equal value of.
  ///
  /// A `Date` becomes an offset date-time, `Data` base64, a `URL` and a `Decimal` a text.
  ///
  /// - Throws: with the key path, if a number does not fit 64 bits or a type refuses.
  public static func encode<T: Encodable>(
    _ value: T, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws(ConfigDiagnostic) -> ConfigTree {
    let node = EncodingNode()
    let encoder = ConfigEncoder(node: node, codingPath: [], userInfo: userInfo)
    do {
      try encoder.encode(value, into: node, path: [])
      return node.finished()
    } catch let error as EncodingError {
      guard case .invalidValue(_, let context) = error else {
        throw ConfigDiagnostic(location: nil, message: "\(error)")
      }
      let components = context.codingPath.map { key in
        key.intValue.map { ConfigKeyPath.Component.index($0) } ?? .key(key.stringValue)
      }
      throw ConfigDiagnostic(
        location: nil, keyPath: ConfigKeyPath(components).description,
        message: context.debugDescription)
    } catch {
      throw ConfigDiagnostic(location: nil, message: "\(error)")
    }
  }
}

/// A value while it is being encoded; containers of one value all write here.
final class EncodingNode {
  private enum Content {
    case nothing
    case value(ConfigTree)
    case table([(key: String, node: EncodingNode)])
    case array([EncodingNode])
  }

  private var content = Content.nothing
  private var positions: [String: Int] = [:]

  func set(_ tree: ConfigTree) {
    content = .value(tree)
  }

  func becomeTable() {
    if case .table = content { return }
    content = .table([])
  }

  func becomeArray() {
    if case .array = content { return }
    content = .array([])
  }

  /// The node for a key of this table, new if there is none.
  func child(_ key: String) -> EncodingNode {
    guard case .table(var entries) = content else { return EncodingNode() }
    if let position = positions[key] { return entries[position].node }
    let node = EncodingNode()
    content = .nothing
    positions[key] = entries.count
    entries.append((key, node))
    content = .table(entries)
    return node
  }

  /// A new element of this array.
  func appendChild() -> EncodingNode {
    let node = EncodingNode()
    guard case .array(var elements) = content else { return node }
    content = .nothing
    elements.append(node)
    content = .array(elements)
    return node
  }

  var elementCount: Int {
    if case .array(let elements) = content { elements.count } else { 0 }
  }

  /// The tree, once everything is encoded. A type that encodes nothing is an empty table.
  func finished() -> ConfigTree {
    switch content {
    case .nothing: return ConfigTree(.table(ConfigTable()))
    case .value(let tree): return tree
    case .array(let elements): return ConfigTree(.array(elements.map { $0.finished() }))
    case .table(let entries):
      var table = ConfigTable()
      for (key, node) in entries { table[key] = node.finished() }
      return ConfigTree(.table(table))
    }
  }
}
