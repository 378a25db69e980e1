/// Plain scalars by the core schema of YAML 1.2.2, chapter 10.3.
///
/// `yes`, `no`, `on` and `off` are texts there, and so are dates.
enum YAMLScalar {
  static let tagPrefix = "tag:yaml.org,2002:"

  /// A tag as it is written in a document.
  static func written(_ tag: String) -> String {
    tag.hasPrefix(tagPrefix) ? "!!" + tag.dropFirst(tagPrefix.count) : tag
  }

  /// What a plain scalar without a tag is; nil if it is a number that does not fit.
  static func resolve(_ text: String) -> ConfigTree.Value? {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    // Only these can start a number.
    guard let first = text.utf8.first,
      first &- 48 < 10 || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(first)
    else { return .string(text) }
    var copy = text
    switch copy.withUTF8(number) {
    case .none: return .string(text)
    case .tooLarge: return nil
    case .value(let value): return value
    }
  }

  /// What a scalar with a standard tag is; nil if its text does not fit the tag.
  static func value(of text: String, tag: String) -> ConfigTree.Value? {
    guard tag.hasPrefix(tagPrefix) else { return nil }
    let resolved = resolve(text)
    switch (tag.dropFirst(tagPrefix.count), resolved) {
    case ("int", .integer?), ("float", .float?), ("bool", .bool?), ("null", .null?): return resolved
    case ("float", .integer(let value)?): return .float(Double(value))
    case ("timestamp", _): return ConfigDate(text).map { .date($0) }
    case ("binary", _): return .string(String(text.filter { !$0.isWhitespace }))
    default: return nil
    }
  }

  private enum Number {
    case none
    case tooLarge
    case value(ConfigTree.Value)
  }

  private static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Number {
    if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
      let digits = UnsafeBufferPointer(rebasing: bytes[2...])
      if bytes[1] == UInt8(ascii: "x"), digits.allSatisfy(isHexadecimal) {
        return integer(NumberText.integer(digits, radix: 16))
      }
      if bytes[1] == UInt8(ascii: "o"), digits.allSatisfy({ $0 &- 48 < 8 }) {
        return integer(NumberText.integer(digits, radix: 8))
      }
    }
    let isSigned = bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+")
    let unsigned = UnsafeBufferPointer(rebasing: bytes[(isSigned ? 1 : 0)...])
    switch String(decoding: unsigned.prefix(5), as: UTF8.self) {
    case ".inf", ".Inf", ".INF":
      return .value(.float(bytes[0] == UInt8(ascii: "-") ? -.infinity : .infinity))
    case ".nan", ".NaN", ".NAN": return isSigned ? .none : .value(.float(.nan))
    default: break
    }
    switch shape(unsigned) {
    case .integer: return integer(NumberText.integer(bytes))
    case .float:
      let value = NumberText.float(bytes)
      return value.isFinite ? .value(.float(value)) : .tooLarge
    case nil: return .none
    }
  }

  private static func integer(_ value: Int64?) -> Number {
    value.map { .value(.integer($0)) } ?? .tooLarge
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || (byte & 0xDF) &- 65 < 6
  }

  private enum Shape {
    case integer
    case float
  }

  /// `[0-9]+`, or `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, or neither.
  private static func shape(_ bytes: UnsafeBufferPointer<UInt8>) -> Shape? {
    var index = 0
    func digits() -> Int {
      let start = index
      while index < bytes.count, bytes[index] &- 48 < 10 { index += 1 }
      return index - start
    }
    let whole = digits()
    if index == bytes.count { return whole > 0 ? .integer : nil }
    if bytes[index] == UInt8(ascii: ".") {
      index += 1
      let fraction = digits()
      if whole + fraction == 0 { return nil }
    } else if whole == 0 {
      return nil
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
      {
        index += 1
      }
      if digits() == 0 { return nil }
    }
    return index == bytes.count ? .float : nil
  }
}
