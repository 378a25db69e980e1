import WorkspaceTools

// Only what a change concerns is looked at: those that changed, those that use a name which came or went, and what lies
// in a circle with one of them.
extension TemplateIndex {
  mutating func check(_ concerned: Set<String>) {
    for path in concerned {
      let found = ownProblems(of: path)
      problems[path] = found.isEmpty ? nil : found
    }
    // A circle that is new goes through one that is concerned; one that is gone or different, through one of its old
    // members.
    var suspects = concerned.union(endless)
    for path in concerned where circle(through: path) != nil {
      suspects.formUnion(circleMembers(around: path))
    }
    for path in suspects {
      var found = problems[path]?.filter { if case .endless = $0 { false } else { true } } ?? []
      if let circle = circle(through: path) {
        found.append(.endless(circle))
        endless.insert(path)
      } else {
        endless.remove(path)
      }
      problems[path] = found.isEmpty ? nil : found
    }
  }

  /// What is wrong with a template beside circles.
  private func ownProblems(of path: String) -> [TemplateProblem] {
    guard let entry = entries[path] else { return [] }
    let missing = entry.references.filter { reference in
      reference.name.map { resolve($0, engine: entry.engine) == nil } ?? false
    }
    return entry.problems.map(TemplateProblem.syntax) + missing.map(TemplateProblem.missing)
  }

  /// The shortest way from a template back to itself that no condition guards; nil if there is none.
  private func circle(through path: String) -> [TemplateLink]? {
    var arrivals: [String: TemplateLink] = [:]
    var queue = [path]
    var next = 0
    while next < queue.count {
      let current = queue[next]
      next += 1
      for link in targets(of: current, onlyUnconditional: true) where arrivals[link.target] == nil {
        arrivals[link.target] = link
        if link.target == path { return way(to: path, by: arrivals) }
        queue.append(link.target)
      }
    }
    return nil
  }

  private func way(to path: String, by arrivals: [String: TemplateLink]) -> [TemplateLink] {
    var links: [TemplateLink] = []
    var step = arrivals[path]
    while let link = step {
      links.append(link)
      step = link.user == path ? nil : arrivals[link.user]
    }
    return links.reversed()
  }

  /// All that a template leads to without a condition and that leads back to it.
  private func circleMembers(around path: String) -> Set<String> {
    let forward = spread(from: path) { current in
      targets(of: current, onlyUnconditional: true).map(\.target)
    }
    let backward = spread(from: path) { current in
      links(to: current).filter { !$0.reference.isConditional && $0.reference.name != nil }
        .map(\.user)
    }
    return forward.intersection(backward)
  }

  private func spread(from path: String, _ neighbours: (String) -> [String]) -> Set<String> {
    var seen: Set<String> = [path]
    var queue = [path]
    while let current = queue.popLast() {
      for neighbour in neighbours(current) where seen.insert(neighbour).inserted {
        queue.append(neighbour)
      }
    }
    return seen
  }
}

// What is wrong, in words.
extension TemplateIndex {
  /// The most names that are looked at for one that may have been meant.
  private static let maximumSuggestions = 1_000

  /// What is wrong with some templates, sorted by place. A circle is told of once.
  /// - Parameter old: what is in force, to tell a deleted template from one that never was; nil if nothing is.
  func diagnostics(
    of paths: some Sequence<String>, since old: TemplateIndex? = nil
  ) -> [ConfigDiagnostic] {
    var circles: Set<Set<String>> = []
    var found: [ConfigDiagnostic] = []
    for path in Set(paths).sorted() {
      guard let source = entries[path]?.source else { continue }
      for problem in problems[path] ?? [] {
        switch problem {
        case .syntax(let diagnostic):
          found.append(diagnostic)
        case .missing(let reference):
          let engine = entries[path]?.engine ?? 0
          let message = missingMessage(reference.name ?? "", engine: engine, since: old)
          found.append(source.diagnostic(at: reference.position, message))
        case .endless(let links):
          guard circles.insert(Set(links.map(\.user))).inserted, let first = links.first else {
            continue
          }
          found.append(source.diagnostic(at: first.reference.position, Self.text(of: links)))
        }
      }
    }
    return found
  }

  private static func text(of circle: [TemplateLink]) -> String {
    let way = circle.map(\.place) + [circle.first?.user ?? ""]
    return
      (circle.count == 1
      ? "the template takes in itself without end"
      : "these templates take in each other without end")
      + ": \(way.joined(separator: " → ")); put one of them in a section or condition that ends"
  }

  /// That there is no template of a name, where it was looked for, and what may have been meant.
  func missingMessage(_ name: String, engine: Int, since old: TemplateIndex? = nil) -> String {
    let plain = Self.normalized(name)
    if let other = owners[plain]?.first, let entry = entries[other] {
      return "\(other) is a \(engines[entry.engine].name) template, which a template of "
        + "\(engines[engine].name) cannot take in"
    }
    let near = suggestion(for: plain, engine: engine).map { "; did you mean \($0)?" } ?? ""
    if let path = old?.resolve(plain, engine: engine), entries[path] == nil {
      return "\(path) was deleted and is still used here"
        + (near.isEmpty ? "; bring it back, or take this reference out" : near)
    }
    let endings = engines[engine].fileExtensions.sorted()
    let files =
      endings.contains { plain.hasSuffix(".\($0)") } ? [plain] : endings.map { "\(plain).\($0)" }
    let places = files.map { "\(folder)/\($0)" } + files
    return "there is no template \(plain); looked for \(places.joined(separator: ", "))\(near)"
  }

  private func suggestion(for name: String, engine: Int) -> String? {
    let length = name.count
    let hasEnding = engines[engine].fileExtensions.contains { name.hasSuffix(".\($0)") }
    let names = entries.values.lazy.filter { $0.engine == engine }
      .compactMap { hasEnding ? $0.names.last : $0.names.first }
      .filter { abs($0.count - length) <= length / 3 }
    return Spelling.nearest(to: name, among: names.prefix(Self.maximumSuggestions).sorted())
  }
}
