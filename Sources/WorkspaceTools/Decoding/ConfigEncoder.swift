import Foundation

/// An `Encoder` into a tree.
struct ConfigEncoder: Encoder {
  let node: EncodingNode
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any]

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.becomeTable()
    return KeyedEncodingContainer(ConfigKeyedEncodingContainer<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.becomeArray()
    return ConfigUnkeyedEncodingContainer(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    ConfigSingleEncodingContainer(encoder: self)
  }

  /// The same encoder for a value further down.
  func nested(_ node: EncodingNode, _ key: any CodingKey) -> ConfigEncoder {
    ConfigEncoder(node: node, codingPath: codingPath + [key], userInfo: userInfo)
  }

  func encode<T: Encodable>(_ value: T, into node: EncodingNode, path: [any CodingKey]) throws {
    switch value {
    case let value as Bool: node.set(ConfigTree(.bool(value)))
    case let value as String: node.set(ConfigTree(.string(value)))
    case let value as Double: node.set(ConfigTree(.float(value)))
    case let value as Float:
      // Through the shortest text: 0.1 stays 0.1.
      node.set(ConfigTree(.float(Double("\(value)") ?? Double(value))))
    case let value as Date: node.set(ConfigTree(.date(try date(value, path: path))))
    case let value as URL: node.set(ConfigTree(.string(value.absoluteString)))
    case let value as Data: node.set(ConfigTree(.string(value.base64EncodedString())))
    case let value as Decimal: node.set(ConfigTree(.string(value.description)))
    case let value as ConfigTree: node.set(value)
    case let value as ConfigDate: node.set(ConfigTree(.date(value)))
    case let value as any FixedWidthInteger:
      guard let exact = Int64(exactly: value) else {
        throw EncodingError.invalidValue(
          value,
          EncodingError.Context(
            codingPath: path, debugDescription: "\(value) does not fit into 64 bits with a sign"))
      }
      node.set(ConfigTree(.integer(exact)))
    default:
      try value.encode(to: ConfigEncoder(node: node, codingPath: path, userInfo: userInfo))
    }
  }

  private func date(_ date: Date, path: [any CodingKey]) throws -> ConfigDate {
    let interval = date.timeIntervalSince1970
    guard let converted = ConfigDate(secondsSince1970: interval) else {
      throw EncodingError.invalidValue(
        date,
        EncodingError.Context(
          codingPath: path, debugDescription: "the date is not in the years 0001 to 9999"))
    }
    return converted
  }
}

struct ConfigSingleEncodingContainer: SingleValueEncodingContainer {
  let encoder: ConfigEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  mutating func encodeNil() { encoder.node.set(ConfigTree(.null)) }

  mutating func encode<T: Encodable>(_ value: T) throws {
    try encoder.encode(value, into: encoder.node, path: encoder.codingPath)
  }
}

struct ConfigKeyedEncodingContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: ConfigEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }

  mutating func encodeNil(forKey key: Key) {
    encoder.node.child(key.stringValue).set(ConfigTree(.null))
  }

  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    try encoder.encode(
      value, into: encoder.node.child(key.stringValue), path: encoder.codingPath + [key])
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    encoder.nested(encoder.node.child(key.stringValue), key).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.nested(encoder.node.child(key.stringValue), key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder {
    encoder.nested(encoder.node.child("super"), ConfigCodingKey.super)
  }

  mutating func superEncoder(forKey key: Key) -> any Encoder {
    encoder.nested(encoder.node.child(key.stringValue), key)
  }
}

struct ConfigUnkeyedEncodingContainer: UnkeyedEncodingContainer {
  let encoder: ConfigEncoder

  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.node.elementCount }

  private var nextKey: ConfigCodingKey { ConfigCodingKey(intValue: count) }

  mutating func encodeNil() { encoder.node.appendChild().set(ConfigTree(.null)) }

  mutating func encode<T: Encodable>(_ value: T) throws {
    let path = encoder.codingPath + [nextKey]
    try encoder.encode(value, into: encoder.node.appendChild(), path: path)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    let key = nextKey
    return encoder.nested(encoder.node.appendChild(), key).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    let key = nextKey
    return encoder.nested(encoder.node.appendChild(), key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder {
    let key = nextKey
    return encoder.nested(encoder.node.appendChild(), key)
  }
}
