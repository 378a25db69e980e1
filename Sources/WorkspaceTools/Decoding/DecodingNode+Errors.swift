import Foundation

extension DecodingNode {
  /// The longest value that an error shows, in characters.
  private static let longestShown = 60

  var codingPath: [any CodingKey] { path?.keys ?? [] }

  /// The path as a person writes it.
  private static func keyPath(_ keys: [any CodingKey]) -> ConfigKeyPath {
    ConfigKeyPath(keys.map { $0.intValue.map { .index($0) } ?? .key($0.stringValue) })
  }

  private var isSecret: Bool {
    codingPath.contains { $0.intValue == nil && state.redaction.isSecret($0.stringValue) }
  }

  /// A value for a message, unless its key says that it is a secret.
  func shown(_ value: String) -> String {
    isSecret ? "(redacted)" : value
  }

  /// What is there, for a message: `String "80a"`, `Int 300`, `a table`.
  var found: String {
    let kind = tree.value.kindName
    let value: String
    switch tree.value {
    case .null: return "null"
    case .array: return "an array"
    case .table: return "a table"
    case .bool(let bool): value = String(bool)
    case .integer(let integer): value = String(integer)
    case .float(let float): value = String(float)
    case .date(let date): value = date.description
    case .string(let text):
      let isLong = text.count > Self.longestShown
      value = JSONWriter.quoted(isLong ? text.prefix(Self.longestShown) + "…" : text)
    }
    return "\(kind) \(shown(value))"
  }

  func mismatch<T>(_ type: T.Type) -> DecodingError {
    mismatch(expected: "\(type)")
  }

  func mismatch(expected: String) -> DecodingError {
    let message = "expected \(expected), found \(found)"
    return .typeMismatch(Any.self, context(message))
  }

  func error<T>(_ type: T.Type, _ message: String) -> DecodingError {
    .dataCorrupted(context(message))
  }

  private func context(_ message: String) -> DecodingError.Context {
    let diagnostic = ConfigDiagnostic(
      location: tree.location, keyPath: Self.keyPath(codingPath).description, message: message)
    return DecodingError.Context(
      codingPath: codingPath, debugDescription: message, underlyingError: diagnostic)
  }

  /// A key that this table does not have.
  func missing(_ key: any CodingKey, in table: ConfigTable) -> DecodingError {
    let name = ConfigKeyPath.written(key.stringValue)
    var message = "missing key \(JSONWriter.quoted(key.stringValue)) in this table"
    if let near = Spelling.nearest(to: key.stringValue, among: table.keys) {
      message = "missing key \(JSONWriter.quoted(key.stringValue)); "
      let entry = table.position(of: near).map { table[$0] }
      let place = entry?.keyLocation ?? entry?.value.location
      message += "did you mean \(JSONWriter.quoted(near))"
      message += place.map { ", at \($0)?" } ?? "?"
    }
    let keys = codingPath + [ConfigCodingKey(stringValue: key.stringValue)]
    let diagnostic = ConfigDiagnostic(
      location: tree.location, keyPath: codingPath.isEmpty ? name : "\(Self.keyPath(keys))",
      message: message)
    return .keyNotFound(
      key,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: message, underlyingError: diagnostic))
  }

  /// Any error of a decoding as a diagnostic. This node is the top.
  func diagnostic(for error: any Error) -> ConfigDiagnostic {
    if let diagnostic = error as? ConfigDiagnostic { return diagnostic }
    guard let error = error as? DecodingError else {
      let node = state.failedAt ?? self
      return ConfigDiagnostic(
        location: node.tree.location, keyPath: Self.keyPath(node.codingPath).description,
        message: "\(error)")
    }
    let context: DecodingError.Context
    var keys: [any CodingKey]
    switch error {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
      context = found
      keys = found.codingPath
    case .keyNotFound(let key, let found):
      context = found
      keys = found.codingPath + [key]
    @unknown default:
      return ConfigDiagnostic(location: tree.location, message: "\(error)")
    }
    if let diagnostic = context.underlyingError as? ConfigDiagnostic { return diagnostic }
    // An error of the type's own making: its path tells the place.
    let path = Self.keyPath(keys)
    var location = tree.location
    while true {
      let keyPath = Self.keyPath(keys)
      if let node = tree[keyPath] {
        location = node.location
        break
      }
      keys.removeLast()
    }
    return ConfigDiagnostic(
      location: location, keyPath: path.description, message: context.debugDescription)
  }
}
