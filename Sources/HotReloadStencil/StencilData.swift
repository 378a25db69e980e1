import Stencil
import WorkspaceTools

/// Values of the data as Stencil sees them, and what it shows of them.
enum StencilData {
  /// The top of the data. Null is as if the key was not there.
  static func dictionary(_ tree: ConfigTree) -> [String: Any] {
    var dictionary: [String: Any] = [:]
    for entry in tree.table ?? ConfigTable() {
      dictionary[entry.key] = value(entry.value)
    }
    return dictionary
  }

  private static func value(_ tree: ConfigTree) -> Any? {
    switch tree.value {
    case .null: nil
    case .bool(let value): value
    case .integer(let value): Int(value)
    case .float(let value): value
    case .string(let value): value
    case .date(let value): value.description
    case .array(let elements): elements.map { value($0) ?? "" }
    case .table: dictionary(tree)
    }
  }

  /// A value as text; nothing for none.
  static func text(_ value: Any?) -> String {
    switch value {
    case nil: ""
    case let text as String: text
    case let list as [Any?]: "[\(list.map(text).joined(separator: ", "))]"
    case let value as any CustomStringConvertible: value.description
    default: ""
    }
  }

  /// A whole number, also one that is a text or a fraction without a rest.
  static func integer(_ value: Any?) -> Int? {
    switch value {
    case let number as Int: number
    case let number as Double: Int(exactly: number)
    case let number as Float: Int(exactly: number)
    case let text as String: Int(text)
    default: nil
    }
  }
}

/// Resolves paths that Stencil cannot be trusted with: `items.last`, `items[key].name`.
enum StencilPath {
  /// How deep brackets can be within each other.
  private static let maximumNesting = 16

  static func resolve(_ path: String, _ context: Context, nesting: Int = 0) throws -> Any? {
    if let literal = literal(path) { return literal }
    guard path.first != "[" else {
      throw TemplateSyntaxError("\(path) begins with no name; write the name of a value before [ ]")
    }
    let steps = try steps(of: path, context, nesting)
    guard let first = steps.first else { return nil }
    var value = context[first]
    for step in steps.dropFirst() {
      guard let current = value else { return nil }
      value = child(step, of: current)
    }
    return value
  }

  private static func literal(_ text: String) -> Any? {
    if text.count > 1, let mark = text.first, mark == "\"" || mark == "'", text.last == mark {
      return String(text.dropFirst().dropLast())
    }
    return Int(text)
  }

  private static func steps(
    of path: String, _ context: Context, _ nesting: Int
  ) throws -> [String] {
    guard nesting < maximumNesting else {
      throw TemplateSyntaxError("brackets are \(maximumNesting) deep at most: \(path)")
    }
    var steps: [String] = []
    var current = ""
    var depth = 0
    for character in path {
      switch character {
      case ".",
        "[" where depth == 0:
        if !current.isEmpty { steps.append(current) }
        current = ""
        if character == "[" { depth = 1 }
      case "]" where depth == 1:
        guard let key = try resolve(current, context, nesting: nesting + 1) else {
          throw TemplateSyntaxError("there is no value \(current), as \(path) needs")
        }
        steps.append(StencilData.text(key))
        current = ""
        depth = 0
      default:
        if character == "[" { depth += 1 }
        if character == "]" { depth -= 1 }
        current.append(character)
      }
    }
    guard depth == 0 else { throw TemplateSyntaxError("the brackets of \(path) do not match") }
    if !current.isEmpty { steps.append(current) }
    return steps
  }

  private static func child(_ step: String, of value: Any) -> Any? {
    switch value {
    case let table as [String: Any]: table[step] ?? (step == "count" ? table.count : nil)
    case let list as [Any]: element(step, of: list)
    case let text as String: element(step, of: text).map { "\($0)" }
    default: nil
    }
  }

  private static func element<C: BidirectionalCollection>(_ step: String, of all: C) -> Any? {
    switch step {
    case "first": all.first
    case "last": all.last
    case "count": all.count
    default:
      Int(step).flatMap { number in
        number >= 0 && number < all.count ? all[all.index(all.startIndex, offsetBy: number)] : nil
      }
    }
  }
}
