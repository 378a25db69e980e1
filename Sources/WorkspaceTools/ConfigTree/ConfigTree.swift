/// A configuration value of any format, with the place where it was written.
///
/// JSON, TOML and YAML all parse into this type; layers are merged, compared, redacted and decoded
/// as trees. Two trees are equal if their values are: locations and the order of keys do not count,
/// and a NaN equals a NaN (otherwise a document with a NaN would change at every reload).
public struct ConfigTree: Sendable, Hashable {
  /// The value itself.
  public enum Value: Sendable {
    /// JSON's and YAML's null. TOML has none.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A number that was written with a fraction or an exponent, an infinity or a NaN.
    case float(Double)
    /// A text.
    case string(String)
    /// A date, a time, or both; only TOML and YAML's `!!timestamp` have them.
    case date(ConfigDate)
    /// A list.
    case array([ConfigTree])
    /// Keys and values, in the order of the document.
    case table(ConfigTable)
  }

  /// How a value came into the tree, which decides how strictly it is decoded.
  public enum Origin: UInt8, Sendable, Hashable {
    /// It was written in a document with the type that it has.
    case document
    /// It is a text that was put in from outside (an environment variable, a secret's file), where
    /// everything is text. Decoding therefore takes `"8080"` for an integer here, and only here.
    case substituted
  }

  /// The value.
  public var value: Value
  /// How the value came into the tree. (Stored next to the value, where it takes no room.)
  public var origin: Origin
  /// Where the value starts; nil for values that a program made.
  public var location: SourceLocation?

  /// A value and where it was written.
  public init(_ value: Value, location: SourceLocation? = nil, origin: Origin = .document) {
    self.value = value
    self.location = location
    self.origin = origin
  }

  /// The table, if the value is one.
  public var table: ConfigTable? {
    if case .table(let table) = value { table } else { nil }
  }

  /// The elements, if the value is an array.
  public var array: [ConfigTree]? {
    if case .array(let elements) = value { elements } else { nil }
  }

  /// The text, if the value is a string.
  public var string: String? {
    if case .string(let text) = value { text } else { nil }
  }

  /// True if the values are equal; locations and origins do not count.
  public static func == (left: ConfigTree, right: ConfigTree) -> Bool {
    left.value == right.value
  }

  /// Feeds the value only.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(value)
  }
}

extension ConfigTree.Value: Hashable {
  /// True if both are of one kind and equal; a NaN equals a NaN, an integer never equals a float.
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.float(let left), .float(let right)): left == right || (left.isNaN && right.isNaN)
    case (.string(let left), .string(let right)): left == right
    case (.date(let left), .date(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.table(let left), .table(let right)): left == right
    default: false
    }
  }

  /// Feeds the kind and the value.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value):
      hasher.combine(1)
      hasher.combine(value)
    case .integer(let value):
      hasher.combine(2)
      hasher.combine(value)
    case .float(let value):
      hasher.combine(3)
      hasher.combine(value.isNaN ? Double.nan.bitPattern : (value + 0).bitPattern)
    case .string(let value):
      hasher.combine(4)
      hasher.combine(value)
    case .date(let value):
      hasher.combine(5)
      hasher.combine(value)
    case .array(let elements):
      hasher.combine(6)
      hasher.combine(elements)
    case .table(let table):
      hasher.combine(7)
      hasher.combine(table)
    }
  }
}

extension ConfigTree.Value {
  /// The kind's name as it stands in messages: `Int`, `String`, `table`, …
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "Bool"
    case .integer: "Int"
    case .float: "Float"
    case .string: "String"
    case .date: "Date"
    case .array: "array"
    case .table: "table"
    }
  }
}

extension ConfigTree: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByNilLiteral
{
  /// A null without a location.
  public init(nilLiteral: ()) { self.init(.null) }
  /// A truth value without a location.
  public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
  /// A whole number without a location.
  public init(integerLiteral value: Int64) { self.init(.integer(value)) }
  /// A number without a location.
  public init(floatLiteral value: Double) { self.init(.float(value)) }
  /// A text without a location.
  public init(stringLiteral value: String) { self.init(.string(value)) }
  /// A list without a location.
  public init(arrayLiteral elements: ConfigTree...) { self.init(.array(elements)) }
  /// A table without a location.
  public init(_ table: ConfigTable) { self.init(.table(table)) }
}
