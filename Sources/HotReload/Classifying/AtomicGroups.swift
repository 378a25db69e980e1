/// What passes or fails together.
public struct AtomicGroups: Sendable, Hashable, ExpressibleByArrayLiteral {
  enum Storage: Sendable, Hashable {
    case groups([Set<String>])
    case all
  }

  var storage: Storage

  /// Each config passes or fails alone.
  public static let none: AtomicGroups = []
  /// Everything that is loaded passes or fails together: configs, file groups, templates and assets.
  public static let all = AtomicGroups(storage: .all)

  init(storage: Storage) {
    self.storage = storage
  }

  /// Groups of config names, such as `[["app", "database"]]`; a config that is in none is alone.
  public init(_ groups: [[String]]) {
    storage = .groups(groups.map(Set.init))
  }

  /// Groups of config names.
  public init(arrayLiteral elements: [String]...) {
    self.init(elements)
  }

  /// A config that is named in two groups, if there is one: groups must not overlap.
  var overlap: String? {
    guard case .groups(let groups) = storage else { return nil }
    var seen: Set<String> = []
    for group in groups {
      if let name = group.sorted().first(where: seen.contains) { return name }
      seen.formUnion(group)
    }
    return nil
  }

  /// What two units have in common if they belong to one group.
  enum Key: Hashable {
    case alone(UnitID)
    case group(Int)
    case all
  }

  func key(of unit: UnitID) -> Key {
    switch storage {
    case .all: return .all
    case .groups(let groups):
      guard let name = unit.configName else { return .alone(unit) }
      return groups.firstIndex { $0.contains(name) }.map(Key.group) ?? .alone(unit)
    }
  }
}
