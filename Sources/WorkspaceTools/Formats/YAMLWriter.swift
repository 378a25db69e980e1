/// Writes trees as YAML in block style, with every text in quotes that could be read as anything
/// else, also by readers of YAML 1.1.
struct YAMLWriter {
  private var bytes: [UInt8] = []

  /// libyaml takes a key on one line only if it is at most 1,024 characters long.
  private static let longestSimpleKey = 500

  /// A document.
  ///
  /// - Throws: if a text starts with U+FEFF, which Yams drops there when it reads.
  static func document(_ tree: ConfigTree) throws(ConfigDiagnostic) -> [UInt8] {
    var writer = YAMLWriter()
    try writer.write(tree, indent: 0)
    writer.append("\n")
    return writer.bytes
  }

  /// Writes a value whose line has been begun, without its last line's end.
  private mutating func write(_ tree: ConfigTree, indent: Int) throws(ConfigDiagnostic) {
    switch tree.value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .float(let value):
      append(value.isNaN ? ".nan" : value.isInfinite ? (value < 0 ? "-.inf" : ".inf") : "\(value)")
    case .string(let text): append(try Self.text(text, at: tree.location))
    case .date(let date): append("!!timestamp \"\(date)\"")
    case .array(let elements):
      if elements.isEmpty { append("[]") }
      for (index, element) in elements.enumerated() {
        if index > 0 { newline(indent: indent) }
        append("- ")
        do throws(ConfigDiagnostic) {
          try write(element, indent: indent + 2)
        } catch {
          throw error.prefixed(with: .index(index))
        }
      }
    case .table(let table):
      if table.isEmpty { append("{}") }
      for (index, entry) in table.enumerated() {
        if index > 0 { newline(indent: indent) }
        let key = try Self.text(entry.key, at: entry.keyLocation)
        if key.utf8.count > Self.longestSimpleKey {
          append("? \(key)")
          newline(indent: indent)
          append(":")
        } else {
          append("\(key):")
        }
        if Self.isBlock(entry.value) {
          newline(indent: indent + 2)
        } else {
          append(" ")
        }
        do throws(ConfigDiagnostic) {
          try write(entry.value, indent: indent + 2)
        } catch {
          throw error.prefixed(with: .key(entry.key))
        }
      }
    }
  }

  /// True for what starts on a line of its own.
  private static func isBlock(_ tree: ConfigTree) -> Bool {
    switch tree.value {
    case .array(let elements): !elements.isEmpty
    case .table(let table): !table.isEmpty
    default: false
    }
  }

  private mutating func newline(indent: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  /// What YAML 1.1 takes for truth values or nulls without quotes.
  private static let reserved: Set<String> = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null",
  ]

  private static func text(
    _ text: String, at location: SourceLocation?
  ) throws(ConfigDiagnostic) -> String {
    guard text.unicodeScalars.first != "\u{FEFF}" else {
      throw ConfigDiagnostic(
        location: location, message: "a text in YAML cannot start with a byte order mark, U+FEFF")
    }
    return isPlain(text) ? text : quoted(text)
  }

  /// True for a word or a simple path that starts with a letter.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, first & 0xDF &- 65 < 26 else { return false }
    let isSimple = text.utf8.allSatisfy { byte in
      TOMLParser.isBare(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")
    }
    return isSimple && !reserved.contains(text.lowercased())
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x22: quoted += "\\\""
      case 0x5C: quoted += "\\\\"
      case 0x09: quoted += "\\t"
      case 0x0A: quoted += "\\n"
      case 0x0D: quoted += "\\r"
      case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
        0x10000...0x10FFFF:
        quoted.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
      }
    }
    return quoted + "\""
  }
}
