/// The way from the top of a document to a value: `server.port`, `servers[2].name`, `a."b.c"`.
public struct ConfigKeyPath: Sendable, Hashable, CustomStringConvertible {
  /// One step.
  public enum Component: Sendable, Hashable {
    /// Into a table.
    case key(String)
    /// Into an array, from 0.
    case index(Int)
  }

  /// The steps, the outermost first.
  public var components: [Component]

  /// A path of these steps.
  public init(_ components: [Component] = []) {
    self.components = components
  }

  /// This path with one more step.
  public func appending(_ component: Component) -> ConfigKeyPath {
    ConfigKeyPath(components + [component])
  }

  /// The path as it is written, with keys in quotes where they hold a dot, a bracket, a quote, a
  /// space or nothing at all.
  public var description: String {
    var text = ""
    for component in components {
      switch component {
      case .index(let index): text += "[\(index)]"
      case .key(let key):
        if !text.isEmpty { text += "." }
        text += Self.written(key)
      }
    }
    return text
  }

  /// A key as it stands in a path.
  static func written(_ key: String) -> String {
    let isBare = !key.isEmpty && key.utf8.allSatisfy { !Self.isSpecial($0) }
    return isBare ? key : JSONWriter.quoted(key)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F, UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: "\""):
      true
    default: false
    }
  }

  /// The longest path that a parser's error shows, in characters; what is further in is left out.
  private static let longestShown = 200

  /// `component` put in front of a written path.
  static func prefix(_ component: Component, to path: String) -> String {
    let first = ConfigKeyPath([component]).description
    if path.isEmpty { return first }
    let isLong = path.utf8.count > longestShown
    let rest = isLong ? String(path.prefix(longestShown / 2)) + "…" : path
    return rest.utf8.first == UInt8(ascii: "[") ? first + rest : "\(first).\(rest)"
  }
}

extension ConfigKeyPath: LosslessStringConvertible {
  /// Reads a written path; the empty text is the path to the top. Nil if it is not well-formed.
  public init?(_ text: String) {
    var components: [Component] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first == "[" {
        guard let end = rest.firstIndex(of: "]"),
          let index = Int(rest[rest.index(after: rest.startIndex)..<end]), index >= 0
        else { return nil }
        components.append(.index(index))
        rest = rest[rest.index(after: end)...]
        continue
      }
      if !components.isEmpty {
        guard first == "." else { return nil }
        rest = rest.dropFirst()
      }
      if rest.first == "\"" {
        guard let (key, length) = JSONParser.quotedPrefix(of: rest) else { return nil }
        components.append(.key(key))
        rest = Substring(rest.utf8.dropFirst(length))
      } else {
        let key = rest.prefix { character in
          character.utf8.allSatisfy { !Self.isSpecial($0) }
        }
        guard !key.isEmpty else { return nil }
        components.append(.key(String(key)))
        rest = rest[key.endIndex...]
      }
    }
    self.components = components
  }
}

extension ConfigTree {
  /// The value at a path, or nil if there is none.
  public subscript(path: ConfigKeyPath) -> ConfigTree? {
    var tree = self
    for component in path.components {
      switch (component, tree.value) {
      case (.key(let key), .table(let table)):
        guard let next = table[key] else { return nil }
        tree = next
      case (.index(let index), .array(let elements)):
        guard elements.indices.contains(index) else { return nil }
        tree = elements[index]
      default: return nil
      }
    }
    return tree
  }

  /// The value at a written path such as `servers[2].name`, or nil if there is none or the path is
  /// not well-formed.
  public subscript(keyPath: String) -> ConfigTree? {
    ConfigKeyPath(keyPath).flatMap { self[$0] }
  }
}
