import HotReloadContent
import Mustache
import WorkspaceTools

/// A value of the data that is no list, as swift-mustache sees it.
struct MustacheNode: MustacheParent, MustacheCustomRenderable, MustacheTransformable {
  let tree: ConfigTree
  let rendering: MustacheRendering
  /// Whether it is the whole of the data.
  var isRoot = false

  func child(named name: String) -> Any? {
    if name.hasPrefix(MustacheRewriter.reserved) {
      return rendering.answer(name, receiver: tree)
    }
    if isRoot { rendering.noteKey(name) }
    return tree.table?[name].map(rendering.node)
  }

  var renderText: String {
    if isRoot { rendering.noteAllKeys() }
    return switch tree.value {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .float(let value): String(describing: value)
    case .string(let value): value
    case .date(let value): value.description
    case .array, .table: tree.jsonText(redacting: .none)
    }
  }

  var isNull: Bool { tree.value == .null || tree.value == .bool(false) }

  func transform(_ name: String) -> Any? {
    if isRoot { rendering.noteAllKeys() }
    if name == MustacheRewriter.escape { return HTMLText.escaped(renderText) }
    let value: ConfigTree.Value? =
      switch tree.value {
      case .string(let text): Self.transform(text, name)
      case .integer(let number): Self.transform(number, name)
      case .table(let table): Self.transform(table, name)
      default: nil
      }
    return value.map { rendering.node(ConfigTree($0)) }
  }

  private static func transform(_ text: String, _ name: String) -> ConfigTree.Value? {
    switch text.transform(name) {
    case let isEmpty as Bool: .bool(isEmpty)
    case let text as String: .string(text)
    case let text as Substring: .string(String(text))
    default: nil
    }
  }

  private static func transform(_ number: Int64, _ name: String) -> ConfigTree.Value? {
    switch name {
    case "plusone": .integer(number &+ 1)
    case "minusone": .integer(number &- 1)
    case "equalzero": .bool(number == 0)
    case "even": .bool(number & 1 == 0)
    case "odd": .bool(number & 1 == 1)
    default: nil
    }
  }

  private static func transform(_ table: ConfigTable, _ name: String) -> ConfigTree.Value? {
    func entries(_ entries: [ConfigTable.Entry]) -> ConfigTree.Value {
      .array(
        entries.map { entry in
          ConfigTree(["key": ConfigTree(.string(entry.key)), "value": entry.value])
        })
    }
    return switch name {
    case "count": .integer(Int64(table.count))
    case "empty": .bool(table.isEmpty)
    case "enumerated": entries(Array(table))
    case "sorted": entries(table.sorted { $0.key < $1.key })
    default: nil
    }
  }
}

/// A list of the data, as swift-mustache sees it.
struct MustacheList: MustacheSequence, MustacheParent, MustacheTransformable,
  CustomStringConvertible
{
  let elements: [ConfigTree]
  let rendering: MustacheRendering

  func makeIterator() -> AnyIterator<Any> {
    var remaining = elements.makeIterator()
    return AnyIterator { remaining.next().map(rendering.node) }
  }

  func child(named name: String) -> Any? {
    if name.hasPrefix(MustacheRewriter.reserved) {
      return rendering.answer(name, receiver: ConfigTree(.array(elements)))
    }
    guard let number = Int(name), elements.indices.contains(number) else { return nil }
    return rendering.node(elements[number])
  }

  var description: String { ConfigTree(.array(elements)).jsonText(redacting: .none) }

  func transform(_ name: String) -> Any? {
    switch name {
    case MustacheRewriter.escape: HTMLText.escaped(description)
    case "first": elements.first.map(rendering.node)
    case "last": elements.last.map(rendering.node)
    case "count": rendering.node(ConfigTree(.integer(Int64(elements.count))))
    case "empty": rendering.node(ConfigTree(.bool(elements.isEmpty)))
    case "reversed": rendering.node(ConfigTree(.array(elements.reversed())))
    case "sorted": rendering.node(ConfigTree(.array(elements.sorted(by: Self.isBefore))))
    default: nil
    }
  }

  /// Numbers by size, texts by their scalars; numbers before texts, and all else after them.
  private static func isBefore(_ left: ConfigTree, _ right: ConfigTree) -> Bool {
    switch (left.value, right.value) {
    case (.integer(let left), .integer(let right)): left < right
    case (.integer(let left), .float(let right)): Double(left) < right
    case (.float(let left), .integer(let right)): left < Double(right)
    case (.float(let left), .float(let right)): left < right
    case (.string(let left), .string(let right)): left < right
    case (.integer, _), (.float, _): !isNumber(right)
    case (.string, _): !isNumber(right) && right.string == nil
    default: false
    }
  }

  private static func isNumber(_ tree: ConfigTree) -> Bool {
    switch tree.value {
    case .integer, .float: true
    default: false
    }
  }
}
