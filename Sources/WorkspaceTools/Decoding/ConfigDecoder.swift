/// A `Decoder` over a tree.
struct ConfigDecoder: Decoder {
  let node: DecodingNode

  var codingPath: [any CodingKey] { node.codingPath }

  var userInfo: [CodingUserInfoKey: Any] { node.state.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(ConfigKeyedContainer<Key>(node: node, table: try node.table()))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    ConfigUnkeyedContainer(node: node, elements: try node.array())
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    ConfigSingleContainer(node: node)
  }
}

/// One value.
struct ConfigSingleContainer: SingleValueDecodingContainer {
  let node: DecodingNode

  var codingPath: [any CodingKey] { node.codingPath }

  func decodeNil() -> Bool { node.isNull }
  func decode(_ type: Bool.Type) throws -> Bool { try node.bool() }
  func decode(_ type: String.Type) throws -> String { try node.string() }
  func decode(_ type: Double.Type) throws -> Double { try node.float(type) }
  func decode(_ type: Float.Type) throws -> Float { try node.float(type) }
  func decode(_ type: Int.Type) throws -> Int { try node.integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try node.integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try node.integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try node.integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try node.integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try node.integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try node.integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try node.integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try node.integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try node.integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try node.decode(type) }
}

/// A table's keys.
struct ConfigKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let node: DecodingNode
  let table: ConfigTable

  var codingPath: [any CodingKey] { node.codingPath }
  var allKeys: [Key] { table.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool {
    table.position(of: key.stringValue) != nil
  }

  private func value(_ key: Key) throws -> DecodingNode {
    guard let tree = table[key.stringValue] else { throw node.missing(key, in: table) }
    return DecodingNode(
      tree: tree, path: DecodingPath(parent: node.path, key: key), state: node.state)
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    guard let tree = table[key.stringValue] else { throw node.missing(key, in: table) }
    if case .null = tree.value { return true }
    return false
  }

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).bool() }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key).string() }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key).float(type) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key).float(type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key).integer(type) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key).integer(type) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key).integer(type) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key).integer(type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key).integer(type) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key).integer(type) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key).integer(type) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
    try value(key).integer(type)
  }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
    try value(key).integer(type)
  }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
    try value(key).integer(type)
  }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try value(key).decode(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try ConfigDecoder(node: value(key)).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try ConfigDecoder(node: value(key)).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    try superDecoder(for: ConfigCodingKey.super)
  }

  func superDecoder(forKey key: Key) throws -> any Decoder {
    try superDecoder(for: key)
  }

  private func superDecoder(for key: any CodingKey) throws -> any Decoder {
    guard let tree = table[key.stringValue] else { throw node.missing(key, in: table) }
    let path = DecodingPath(parent: node.path, key: key)
    return ConfigDecoder(node: DecodingNode(tree: tree, path: path, state: node.state))
  }
}

/// An array's elements, from first to last.
struct ConfigUnkeyedContainer: UnkeyedDecodingContainer {
  let node: DecodingNode
  let elements: [ConfigTree]
  private(set) var currentIndex = 0

  init(node: DecodingNode, elements: [ConfigTree]) {
    self.node = node
    self.elements = elements
  }

  var codingPath: [any CodingKey] { node.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private func current() throws -> DecodingNode {
    guard currentIndex < elements.count else {
      throw node.error(
        ConfigTree.self, "expected at least \(currentIndex + 1) elements, found \(elements.count)")
    }
    let path = DecodingPath(parent: node.path, key: ConfigCodingKey(intValue: currentIndex))
    return DecodingNode(tree: elements[currentIndex], path: path, state: node.state)
  }

  /// Decodes the current element; goes on only if that succeeds.
  private mutating func next<R>(_ body: (DecodingNode) throws -> R) throws -> R {
    let result = try body(try current())
    currentIndex += 1
    return result
  }

  mutating func decodeNil() throws -> Bool {
    guard try current().isNull else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
  mutating func decode(_ type: String.Type) throws -> String { try next { try $0.string() } }
  mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.float(type) } }
  mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.float(type) } }
  mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.integer(type) } }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.integer(type) } }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.integer(type) } }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.integer(type) } }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.integer(type) } }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.integer(type) } }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.integer(type) } }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.integer(type) } }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.integer(type) } }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.integer(type) } }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try next { try $0.decode(type) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try next { try ConfigDecoder(node: $0).container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next { try ConfigDecoder(node: $0).unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder {
    try next { ConfigDecoder(node: $0) }
  }
}
