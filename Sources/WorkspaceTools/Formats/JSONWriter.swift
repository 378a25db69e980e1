/// Writes trees as JSON.
struct JSONWriter {
  private var bytes: [UInt8] = []
  private let isPretty: Bool

  private init(isPretty: Bool) {
    self.isPretty = isPretty
  }

  /// A document of many lines, indented by two spaces.
  ///
  /// - Throws: if there is an infinity or a NaN, which JSON does not have.
  static func document(_ tree: ConfigTree) throws(ConfigDiagnostic) -> [UInt8] {
    var writer = JSONWriter(isPretty: true)
    try writer.write(tree, depth: 0)
    writer.bytes.append(UInt8(ascii: "\n"))
    return writer.bytes
  }

  /// One line without its end; infinities and NaN become strings.
  static func compact(_ tree: ConfigTree) -> [UInt8] {
    var writer = JSONWriter(isPretty: false)
    // Only a pretty document refuses values.
    try? writer.write(tree, depth: 0)
    return writer.bytes
  }

  /// `text` as a JSON string, with its quotes.
  static func quoted(_ text: some StringProtocol) -> String {
    var writer = JSONWriter(isPretty: false)
    writer.write(text)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private mutating func write(_ tree: ConfigTree, depth: Int) throws(ConfigDiagnostic) {
    switch tree.value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .float(let value): try write(value, at: tree.location)
    case .string(let text): write(text)
    case .date(let date): write(date.description)
    case .array(let elements):
      append("[")
      for (index, element) in elements.enumerated() {
        separate(isFirst: index == 0, depth: depth + 1)
        do throws(ConfigDiagnostic) {
          try write(element, depth: depth + 1)
        } catch {
          throw error.prefixed(with: .index(index))
        }
      }
      close("]", isEmpty: elements.isEmpty, depth: depth)
    case .table(let table):
      append("{")
      for (index, entry) in table.enumerated() {
        separate(isFirst: index == 0, depth: depth + 1)
        write(entry.key)
        append(isPretty ? ": " : ":")
        do throws(ConfigDiagnostic) {
          try write(entry.value, depth: depth + 1)
        } catch {
          throw error.prefixed(with: .key(entry.key))
        }
      }
      close("}", isEmpty: table.isEmpty, depth: depth)
    }
  }

  private mutating func write(
    _ value: Double, at location: SourceLocation?
  ) throws(ConfigDiagnostic) {
    if value.isFinite {
      append(value.description)
    } else if isPretty {
      throw ConfigDiagnostic(
        location: location, message: "JSON has no \(value.isNaN ? "NaN" : "infinity")")
    } else {
      append(value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\"")
    }
  }

  private mutating func separate(isFirst: Bool, depth: Int) {
    if !isFirst { append(",") }
    if isPretty { newline(depth: depth) }
  }

  private mutating func close(_ bracket: String, isEmpty: Bool, depth: Int) {
    if isPretty && !isEmpty { newline(depth: depth) }
    append(bracket)
  }

  private mutating func newline(depth: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
  }

  private mutating func write(_ text: some StringProtocol) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        append(digits.utf8.count == 1 ? "\\u000\(digits)" : "\\u00\(digits)")
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}
