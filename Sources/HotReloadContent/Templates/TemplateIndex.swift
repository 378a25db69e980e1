import HashTreeCollections
import WorkspaceFiles
import WorkspaceTools

/// All templates, and who takes in whom. A value: a version after a change shares with the one before all that is the
/// same, and nothing of what a change costs grows with how many templates there are.
struct TemplateIndex: Sendable {
  /// A name as templates of one engine write it.
  struct Use: Hashable, Sendable {
    var engine: Int
    var name: String
  }

  let engines: [any TemplateEngine]
  /// The folder whose templates are named by their path below it.
  let folder: String
  /// By path.
  private(set) var entries: TreeDictionary<String, TemplateEntry> = [:]
  /// The files that a name stands for, those of the folder first.
  private(set) var owners: TreeDictionary<String, [String]> = [:]
  /// The files that write a name, whether or not there is such a template.
  private(set) var users: TreeDictionary<Use, TreeSet<String>> = [:]
  /// The files of each engine that compute a name.
  private(set) var dynamicUsers: [TreeSet<String>]
  /// What is wrong, by path; only those with which something is.
  var problems: TreeDictionary<String, [TemplateProblem]> = [:]
  /// The files that take in themselves without any condition.
  var endless: TreeSet<String> = []

  init(engines: [any TemplateEngine], folder: String) {
    self.engines = engines
    self.folder = folder
    dynamicUsers = engines.map { _ in [] }
  }

  /// Puts entries in the place of those at their paths; nil takes one away. Then all that is concerned is checked.
  mutating func apply(_ changes: [String: TemplateEntry?]) {
    var concerned: Set<String> = []
    var names: Set<String> = []
    for (path, entry) in changes {
      concerned.insert(path)
      let old = entries[path]
      if (old == nil) != (entry == nil) { names.formUnion((old ?? entry)?.names ?? []) }
      if let old { remove(old) }
      if let entry { insert(entry) }
    }
    for name in names {
      for engine in engines.indices {
        concerned.formUnion(users[Use(engine: engine, name: name)] ?? [])
      }
    }
    check(concerned)
  }

  private mutating func insert(_ entry: TemplateEntry) {
    entries[entry.path] = entry
    for name in entry.names {
      var paths = owners[name] ?? []
      paths.append(entry.path)
      paths.sort { (rank($0), $0) < (rank($1), $1) }
      owners[name] = paths
    }
    for reference in entry.references {
      if let name = reference.name {
        users[Use(engine: entry.engine, name: Self.normalized(name)), default: []]
          .insert(entry.path)
      } else {
        dynamicUsers[entry.engine].insert(entry.path)
      }
    }
  }

  private mutating func remove(_ entry: TemplateEntry) {
    entries[entry.path] = nil
    for name in entry.names {
      let paths = owners[name]?.filter { $0 != entry.path } ?? []
      owners[name] = paths.isEmpty ? nil : paths
    }
    for name in Set(entry.references.compactMap(\.name)) {
      let use = Use(engine: entry.engine, name: Self.normalized(name))
      guard var paths = users[use] else { continue }
      paths.remove(entry.path)
      users[use] = paths.isEmpty ? nil : paths
    }
    dynamicUsers[entry.engine].remove(entry.path)
  }

  private func rank(_ path: String) -> Int {
    path.hasPrefix(folder + "/") ? 0 : 1
  }

  /// `./a` is `a`.
  static func normalized(_ name: String) -> String {
    var name = Substring(name)
    while name.hasPrefix("./") { name = name.dropFirst(2) }
    return String(name)
  }

  /// The file that a name stands for in templates of an engine; nil if there is none.
  func resolve(_ name: String, engine: Int) -> String? {
    owners[Self.normalized(name)]?.first { entries[$0]?.engine == engine }
  }

  /// The file that a path or a name stands for, of the first engine that has it.
  func resolve(_ name: String) -> String? {
    if entries[name] != nil { return name }
    return owners[Self.normalized(name)]?
      .min { (entries[$0]?.engine ?? 0, rank($0), $0) < (entries[$1]?.engine ?? 0, rank($1), $1) }
  }

  /// The files of an engine, sorted.
  func paths(ofEngine engine: Int) -> [String] {
    entries.values.filter { $0.engine == engine }.map(\.path).sorted()
  }
}

// Who takes in whom.
extension TemplateIndex {
  /// What a file takes in, as far as names are written and there.
  func targets(of path: String, onlyUnconditional: Bool = false) -> [TemplateLink] {
    guard let entry = entries[path] else { return [] }
    return entry.references.compactMap { reference in
      guard !(onlyUnconditional && reference.isConditional), let name = reference.name,
        let target = resolve(name, engine: entry.engine)
      else { return nil }
      return TemplateLink(user: path, target: target, reference: reference)
    }
  }

  /// Who takes in a file, by its name or perhaps by a computed one; sorted.
  func links(to path: String) -> [TemplateLink] {
    guard let entry = entries[path] else { return [] }
    var paths = Set(dynamicUsers[entry.engine])
    for name in entry.names {
      paths.formUnion(users[Use(engine: entry.engine, name: name)] ?? [])
    }
    return paths.sorted().flatMap { user -> [TemplateLink] in
      (entries[user]?.references ?? []).compactMap { reference in
        if let name = reference.name, resolve(name, engine: entry.engine) != path { return nil }
        return TemplateLink(user: user, target: path, reference: reference)
      }
    }
  }

  /// A file and all that it takes in, directly or not, as far as names are written; nearer ones first. And whether
  /// one of them computes a name.
  func reachable(from path: String) -> (paths: [String], isDynamic: Bool) {
    var paths = [path]
    var seen: Set<String> = [path]
    var isDynamic = false
    var next = 0
    while next < paths.count {
      let current = paths[next]
      next += 1
      if let entry = entries[current], dynamicUsers[entry.engine].contains(current) {
        isDynamic = true
      }
      for link in targets(of: current) where seen.insert(link.target).inserted {
        paths.append(link.target)
      }
    }
    return (paths, isDynamic)
  }
}
