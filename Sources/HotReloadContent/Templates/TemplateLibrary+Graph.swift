extension TemplateLibrary {
  /// The files that a template takes in, sorted. Computed names may be any template, and are none here.
  /// - Parameters:
  ///   - name: the template's name or path; an unknown one has none.
  ///   - transitive: whether what those take in counts too.
  public func dependencies(of name: String, transitive: Bool = false) -> [String] {
    guard let path = index.resolve(name) else { return [] }
    guard transitive else { return Set(index.targets(of: path).map(\.target)).sorted() }
    return index.reachable(from: path).paths.dropFirst().sorted()
  }

  /// The files that take in a template, sorted. One that computes a name may take in any.
  /// - Parameters:
  ///   - name: the template's name or path; an unknown one has none.
  ///   - transitive: whether those that take in these count too.
  public func dependents(of name: String, transitive: Bool = false) -> [String] {
    guard let path = index.resolve(name) else { return [] }
    guard transitive else { return Set(index.links(to: path).map(\.user)).sorted() }
    return dependents(ofPath: path).map(\.path).sorted()
  }

  /// Who depends on a template, and why; nil if there is no such template.
  /// - Parameter path: its path relative to the root, or its name.
  public func explain(_ path: String) -> TemplateExplanation? {
    guard let path = index.resolve(path), let entry = index.entries[path] else { return nil }
    return TemplateExplanation(
      path: path, name: entry.source.name, engine: index.engines[entry.engine].name,
      uses: index.targets(of: path), isDynamic: entry.references.contains { $0.name == nil },
      dependents: dependents(ofPath: path))
  }

  /// All templates, and who takes in whom.
  public var graph: TemplateGraph {
    let entries = index.entries.values.sorted { $0.path < $1.path }
    return TemplateGraph(
      nodes: entries.map { entry in
        TemplateGraph.Node(
          path: entry.path, name: entry.source.name, engine: index.engines[entry.engine].name,
          isBroken: index.problems[entry.path] != nil)
      },
      edges: entries.flatMap { entry in
        entry.references.map { reference in
          TemplateGraph.Edge(
            user: entry.path,
            target: reference.name.flatMap { index.resolve($0, engine: entry.engine) },
            reference: reference)
        }
      })
  }

  /// Breadth first, so that each is reached on its shortest way.
  private func dependents(ofPath path: String) -> [TemplateExplanation.Dependent] {
    var chains: [String: [TemplateLink]] = [path: []]
    var found: [TemplateExplanation.Dependent] = []
    var queue = [path]
    var next = 0
    while next < queue.count {
      let current = queue[next]
      next += 1
      for link in index.links(to: current) where chains[link.user] == nil {
        let chain = [link] + (chains[current] ?? [])
        chains[link.user] = chain
        found.append(TemplateExplanation.Dependent(path: link.user, chain: chain))
        queue.append(link.user)
      }
    }
    return found
  }
}

/// Who depends on a template, and why.
public struct TemplateExplanation: Sendable, Hashable, Codable, CustomStringConvertible {
  /// A template that changes when the explained one does.
  public struct Dependent: Sendable, Hashable, Codable {
    /// The file, relative to the root.
    public var path: String
    /// From it, step by step, to the explained one: the shortest way.
    public var chain: [TemplateLink]
  }

  /// The explained file, relative to the root.
  public var path: String
  /// What other templates call it.
  public var name: String
  /// Its engine's name.
  public var engine: String
  /// What it takes in itself.
  public var uses: [TemplateLink]
  /// Whether it computes a name, so that it may take in any template of its engine.
  public var isDynamic: Bool
  /// Who depends on it, the direct ones first.
  public var dependents: [Dependent]

  /// A line for each dependent, with each step of its chain below it.
  public var description: String {
    var lines = ["\(path) (\(engine)), as \(name)"]
    lines += uses.map { "  takes in \($0.target) (\($0.reference.kind.rawValue), at \($0.place))" }
    if isDynamic { lines.append("  takes in what the data names, which may be any") }
    if dependents.isEmpty { lines.append("  nothing depends on it") }
    for dependent in dependents {
      lines.append("  \(dependent.path) depends on it")
      for link in dependent.chain {
        let name = link.reference.name == nil ? "a computed name" : link.reference.kind.rawValue
        lines.append("    \(link.place) takes in \(link.target) (\(name))")
      }
    }
    return lines.joined(separator: "\n")
  }
}

/// All templates, and who takes in whom.
public struct TemplateGraph: Sendable, Hashable, Codable {
  /// A template.
  public struct Node: Sendable, Hashable, Codable {
    /// The file, relative to the root.
    public var path: String
    /// What other templates call it.
    public var name: String
    /// Its engine's name.
    public var engine: String
    /// Whether something is wrong with it.
    public var isBroken: Bool
  }

  /// A place where one takes in another.
  public struct Edge: Sendable, Hashable, Codable {
    /// The file that takes in the other.
    public var user: String
    /// The file that is taken in; nil if it is missing or its name is computed.
    public var target: String?
    /// How, and where.
    public var reference: TemplateReference
  }

  /// By path.
  public var nodes: [Node]
  /// By user, and for one user in the order of its text.
  public var edges: [Edge]
}
