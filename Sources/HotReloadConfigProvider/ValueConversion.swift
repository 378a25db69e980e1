import Configuration
import WorkspaceTools

/// Makes a value of a type that upstream knows from one of ours, or says where and why it is none.
struct ValueConversion {
  /// The longest text that an error shows, in characters.
  private static let longestShown = 60

  let components: [String]
  let isSecret: Bool
  let bytesDecoder: any ConfigBytesFromStringDecoder

  func content(of tree: ConfigTree, as type: ConfigType) throws(ConfigDiagnostic) -> ConfigContent {
    switch type {
    case .string: .string(try string(tree))
    case .int: .int(try int(tree))
    case .double: .double(try double(tree))
    case .bool: .bool(try bool(tree))
    case .bytes: .bytes(try bytes(tree))
    case .stringArray: .stringArray(try array(tree, of: string))
    case .intArray: .intArray(try array(tree, of: int))
    case .doubleArray: .doubleArray(try array(tree, of: double))
    case .boolArray: .boolArray(try array(tree, of: bool))
    case .byteChunkArray: .byteChunkArray(try array(tree, of: bytes))
    }
  }

  /// A conversion of one value; `index` is its place in an array.
  private typealias Element<T> = (_ tree: ConfigTree, _ index: Int?) throws(ConfigDiagnostic) -> T

  private func array<T>(
    _ tree: ConfigTree, of element: Element<T>
  ) throws(ConfigDiagnostic) -> [T] {
    guard let elements = tree.array else { throw mismatch("an array", tree, nil) }
    var converted: [T] = []
    converted.reserveCapacity(elements.count)
    for (index, tree) in elements.enumerated() { converted.append(try element(tree, index)) }
    return converted
  }

  private func string(_ tree: ConfigTree, _ index: Int? = nil) throws(ConfigDiagnostic) -> String {
    switch tree.value {
    case .string(let text): text
    case .date(let date): date.description
    default: throw mismatch("String", tree, index)
    }
  }

  private func int(_ tree: ConfigTree, _ index: Int? = nil) throws(ConfigDiagnostic) -> Int {
    switch (tree.value, tree.origin) {
    case (.integer(let value), _):
      guard let exact = Int(exactly: value) else {
        let shown = isSecret ? RedactionRules.replacement : String(value)
        throw problem("\(shown) does not fit into Int (\(Int.min)...\(Int.max))", tree, index)
      }
      return exact
    case (.string(let text), .substituted):
      guard let value = Int(text) else { throw mismatch("Int", tree, index) }
      return value
    default: throw mismatch("Int", tree, index)
    }
  }

  private func double(_ tree: ConfigTree, _ index: Int? = nil) throws(ConfigDiagnostic) -> Double {
    switch (tree.value, tree.origin) {
    case (.float(let value), _): return value
    case (.integer(let value), _): return Double(value)
    case (.string(let text), .substituted):
      guard let value = Double(text) else { throw mismatch("Double", tree, index) }
      return value
    default: throw mismatch("Double", tree, index)
    }
  }

  private func bool(_ tree: ConfigTree, _ index: Int? = nil) throws(ConfigDiagnostic) -> Bool {
    switch (tree.value, tree.origin) {
    case (.bool(let value), _): value
    case (.string("true"), .substituted): true
    case (.string("false"), .substituted): false
    default: throw mismatch("Bool", tree, index)
    }
  }

  private func bytes(_ tree: ConfigTree, _ index: Int? = nil) throws(ConfigDiagnostic) -> [UInt8] {
    guard let text = tree.string, let bytes = bytesDecoder.decode(text) else {
      throw mismatch("bytes as text (\(encoding))", tree, index)
    }
    return bytes
  }

  private var encoding: String {
    switch bytesDecoder {
    case is ConfigBytesFromBase64StringDecoder: "base64"
    case is ConfigBytesFromHexStringDecoder: "hex"
    default: "\(type(of: bytesDecoder))"
    }
  }
}

extension ValueConversion {
  private func mismatch(_ expected: String, _ tree: ConfigTree, _ index: Int?) -> ConfigDiagnostic {
    problem("expected \(expected), found \(found(tree))", tree, index)
  }

  private func problem(_ message: String, _ tree: ConfigTree, _ index: Int?) -> ConfigDiagnostic {
    var path = ConfigKeyPath(components.map { .key($0) })
    if let index { path.components.append(.index(index)) }
    return ConfigDiagnostic(
      location: tree.location, keyPath: path.description, message: message)
  }

  /// What is there: `String "80a"`, `Int 300`, `a table`.
  private func found(_ tree: ConfigTree) -> String {
    let value: String
    switch tree.value {
    case .null: return "null"
    case .array: return "an array"
    case .table: return "a table"
    case .bool(let bool): value = "\(bool)"
    case .integer(let integer): value = "\(integer)"
    case .float(let float): value = "\(float)"
    case .date(let date): value = "\(date)"
    case .string(let text):
      let shown = text.prefix(Self.longestShown)
      value = "\(String(reflecting: String(shown)))\(shown.endIndex < text.endIndex ? "…" : "")"
    }
    return "\(tree.value.kindName) \(isSecret ? RedactionRules.replacement : value)"
  }
}
