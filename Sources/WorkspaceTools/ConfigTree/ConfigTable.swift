/// Keys and values in the order of their document, each key once.
///
/// Small tables, which nearly all are, are searched from front to back; larger ones have an index.
public struct ConfigTable: Sendable {
  /// One key with its value.
  public struct Entry: Sendable {
    /// The key.
    public let key: String
    /// The value.
    public fileprivate(set) var value: ConfigTree
    fileprivate(set) var keyPosition: Position

    /// Where the key was written; nil if the value has no location in a document.
    public var keyLocation: SourceLocation? {
      keyPosition.line == 0 ? nil : value.location?.moved(to: keyPosition)
    }
  }

  /// The size from which on an index is worth its memory.
  private static let indexThreshold = 16

  private var entries: [Entry] = []
  private var index: [String: Int]?

  /// An empty table.
  public init() {}

  /// The keys, in the order of the document.
  public var keys: some Sequence<String> { entries.lazy.map(\.key) }

  /// Where `key` stands among the entries, or nil.
  public func position(of key: String) -> Int? {
    if let index { return index[key] }
    return entries.firstIndex { $0.key == key }
  }

  /// The value for `key`. Setting nil removes the key; setting a new key appends it.
  public subscript(key: String) -> ConfigTree? {
    get {
      position(of: key).map { entries[$0].value }
    }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): entries[position].value = value
      case (let position?, nil):
        entries.remove(at: position)
        index = nil
        if entries.count >= Self.indexThreshold { buildIndex() }
      case (nil, let value?): append(key, value, at: .unknown)
      case (nil, nil): break
      }
    }
  }

  /// Appends a key that the caller knows to be new.
  mutating func append(_ key: String, _ value: ConfigTree, at keyPosition: Position) {
    entries.append(Entry(key: key, value: value, keyPosition: keyPosition))
    if index != nil {
      index?[key] = entries.count - 1
    } else if entries.count >= Self.indexThreshold {
      buildIndex()
    }
  }

  /// Replaces the value at a position that ``position(of:)`` returned. A merged table stays in its
  /// own file, so its key's position is kept; any other value brings its own.
  mutating func replaceValue(
    at position: Int, with value: ConfigTree, keyPosition: Position
  ) {
    if value.table == nil { entries[position].keyPosition = keyPosition }
    entries[position].value = value
  }

  /// Lets `body` change the value at a position in place, without a copy of it.
  mutating func withValue<R>(at position: Int, _ body: (inout ConfigTree) -> R) -> R {
    body(&entries[position].value)
  }

  private mutating func buildIndex() {
    var index: [String: Int] = [:]
    index.reserveCapacity(entries.count * 2)
    for (position, entry) in entries.enumerated() { index[entry.key] = position }
    self.index = index
  }
}

extension ConfigTable: RandomAccessCollection {
  /// 0.
  public var startIndex: Int { 0 }
  /// The number of keys.
  public var endIndex: Int { entries.count }
  /// The entry at a position in the order of the document.
  public subscript(position: Int) -> Entry { entries[position] }
}

extension ConfigTable: Hashable {
  /// True if both have the same keys with equal values; their order does not count.
  public static func == (left: ConfigTable, right: ConfigTable) -> Bool {
    guard left.count == right.count else { return false }
    for (position, entry) in left.entries.enumerated() {
      // Equal tables mostly have equal order.
      if right.entries[position].key == entry.key {
        guard right.entries[position].value == entry.value else { return false }
      } else {
        guard let other = right[entry.key], other == entry.value else { return false }
      }
    }
    return true
  }

  /// Feeds keys and values, whatever their order.
  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for entry in entries {
      var one = Hasher()
      one.combine(entry.key)
      one.combine(entry.value)
      sum ^= one.finalize()
    }
    hasher.combine(count)
    hasher.combine(sum)
  }
}

extension ConfigTable: ExpressibleByDictionaryLiteral {
  /// A table of these keys; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (String, ConfigTree)...) {
    self.init()
    for (key, value) in elements { self[key] = value }
  }
}
