extension ConfigDate: Codable {
  /// Reads the ISO 8601 text, or, from a ``ConfigTree``, the date itself.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let date = ConfigDate(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not an ISO 8601 date")
    }
    self = date
  }

  /// Writes the ISO 8601 text, or, into a ``ConfigTree``, the date itself.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// As a part of a decoded type, a tree takes whatever stands in its place. In other packages' coders
/// dates become texts, and locations are lost.
extension ConfigTree: Codable {
  /// Takes what is there.
  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: ConfigCodingKey.self) {
      var table = ConfigTable()
      for key in container.allKeys {
        table[key.stringValue] = try container.decode(ConfigTree.self, forKey: key)
      }
      self.init(.table(table))
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [ConfigTree] = []
      while !container.isAtEnd { elements.append(try container.decode(ConfigTree.self)) }
      self.init(.array(elements))
    } else {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self.init(.null)
      } else if let value = try? container.decode(Bool.self) {
        self.init(.bool(value))
      } else if let value = try? container.decode(Int64.self) {
        self.init(.integer(value))
      } else if let value = try? container.decode(Double.self) {
        self.init(.float(value))
      } else {
        self.init(.string(try container.decode(String.self)))
      }
    }
  }

  /// Writes the value.
  public func encode(to encoder: any Encoder) throws {
    switch value {
    case .table(let table):
      var container = encoder.container(keyedBy: ConfigCodingKey.self)
      for entry in table {
        try container.encode(entry.value, forKey: ConfigCodingKey(stringValue: entry.key))
      }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .integer(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .float(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .string(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .date(let date): try date.encode(to: encoder)
    }
  }
}
