/// A table while its document is still being read: headers may come back to it.
final class TOMLTable {
  /// How the table came to be, which decides what may still be added to it.
  enum Kind {
    /// By the way to a header below it: `a` in `[a.b]`. Its own header may still come.
    case implicit
    /// By its own header, or as an element of an array of tables.
    case header
    /// By a dotted key: `a` in `a.b = 1`. Only dotted keys of the same section add to it, and
    /// headers below it.
    case dotted
  }

  /// A value that can still grow. Everything else in a table is final.
  enum Child {
    case table(TOMLTable)
    case array(TOMLTableArray)
  }

  var kind: Kind
  let location: SourceLocation
  private(set) var table = ConfigTable()
  private(set) var children: [Int: Child] = [:]

  init(_ kind: Kind, location: SourceLocation) {
    self.kind = kind
    self.location = location
  }

  func append(_ key: TOMLKeyPart, _ value: ConfigTree) {
    table.append(key.name, value, at: key.position)
  }

  func append(_ key: TOMLKeyPart, _ child: Child) {
    children[table.count] = child
    table.append(key.name, ConfigTree(.null), at: key.position)
  }

  /// The tree, once the document is read.
  func finished() -> ConfigTree {
    for (position, child) in children {
      table.withValue(at: position) { value in
        switch child {
        case .table(let child): value = child.finished()
        case .array(let array):
          let elements = array.elements.map { $0.finished() }
          value = ConfigTree(.array(elements), location: array.location)
        }
      }
    }
    return ConfigTree(.table(table), location: location)
  }
}

/// An array of tables, `[[a]]`, while its document is still being read.
final class TOMLTableArray {
  private(set) var elements: [TOMLTable]
  private(set) var last: TOMLTable
  let location: SourceLocation

  init(first: TOMLTable) {
    self.elements = [first]
    self.last = first
    self.location = first.location
  }

  func append(_ table: TOMLTable) {
    elements.append(table)
    last = table
  }
}

/// One part of a dotted key.
struct TOMLKeyPart {
  var name: String
  var position: Position
  var offset: Int
}

/// A key with at least one part. Most have only one, which costs no array.
struct TOMLKey {
  var first: TOMLKeyPart
  var rest: [TOMLKeyPart] = []

  var count: Int { rest.count + 1 }
  var last: TOMLKeyPart { rest.last ?? first }

  /// All parts but the last.
  var parents: [TOMLKeyPart] { rest.isEmpty ? [] : [first] + rest.dropLast() }

  var components: [ConfigKeyPath.Component] {
    [.key(first.name)] + rest.map { .key($0.name) }
  }
}
