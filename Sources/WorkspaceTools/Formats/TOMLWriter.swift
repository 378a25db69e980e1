/// Writes trees as TOML 1.0: scalars first, then tables under headers.
struct TOMLWriter {
  private var bytes: [UInt8] = []

  /// A document.
  ///
  /// - Throws: if there is a null, which TOML does not have, or the top is no table.
  static func document(_ tree: ConfigTree) throws(ConfigDiagnostic) -> [UInt8] {
    guard let table = tree.table else {
      throw ConfigDiagnostic(
        location: tree.location,
        message: "the top of a TOML document must be a table, found \(tree.value.kindName)")
    }
    var writer = TOMLWriter()
    try writer.write(table, path: ConfigKeyPath())
    return writer.bytes
  }

  /// True for what is written under headers of its own.
  private static func hasHeader(_ tree: ConfigTree) -> Bool {
    switch tree.value {
    case .table: true
    case .array(let elements): !elements.isEmpty && elements.allSatisfy { $0.table != nil }
    default: false
    }
  }

  private mutating func write(
    _ table: ConfigTable, path: ConfigKeyPath, headers: [String] = []
  ) throws(ConfigDiagnostic) {
    for entry in table where !Self.hasHeader(entry.value) {
      append("\(Self.key(entry.key)) = ")
      try writeInline(entry.value, path: path.appending(.key(entry.key)))
      append("\n")
    }
    for entry in table {
      let path = path.appending(.key(entry.key))
      let headers = headers + [Self.key(entry.key)]
      switch entry.value.value {
      case .table(let inner):
        // A table that has only tables is implied by their headers.
        if inner.isEmpty || inner.contains(where: { !Self.hasHeader($0.value) }) {
          writeHeader("[\(headers.joined(separator: "."))]")
        }
        try write(inner, path: path, headers: headers)
      case .array(let elements) where Self.hasHeader(entry.value):
        for (index, element) in elements.enumerated() {
          guard let inner = element.table else { continue }
          writeHeader("[[\(headers.joined(separator: "."))]]")
          try write(inner, path: path.appending(.index(index)), headers: headers)
        }
      default: break
      }
    }
  }

  private mutating func writeHeader(_ header: String) {
    append(bytes.isEmpty ? "\(header)\n" : "\n\(header)\n")
  }

  private mutating func writeInline(
    _ tree: ConfigTree, path: ConfigKeyPath
  ) throws(ConfigDiagnostic) {
    switch tree.value {
    case .null:
      throw ConfigDiagnostic(
        location: tree.location, keyPath: path.description,
        message: "TOML has no null; leave the key out")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .float(let value): append(value.isNaN ? "nan" : value.description)
    case .string(let text): append(JSONWriter.quoted(text))
    case .date(let date): append(date.description)
    case .array(let elements):
      append("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { append(", ") }
        try writeInline(element, path: path.appending(.index(index)))
      }
      append("]")
    case .table(let table):
      append("{")
      for (index, entry) in table.enumerated() {
        append(index > 0 ? ", " : " ")
        append("\(Self.key(entry.key)) = ")
        try writeInline(entry.value, path: path.appending(.key(entry.key)))
      }
      append(table.isEmpty ? "}" : " }")
    }
  }

  private static func key(_ key: String) -> String {
    !key.isEmpty && key.utf8.allSatisfy { TOMLParser.isBare($0) } ? key : JSONWriter.quoted(key)
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}
