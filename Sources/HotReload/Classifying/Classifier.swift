import FileWatching
import SystemPackage

/// Sorts changed files into units. It touches no file.
struct Classifier: Sendable {
  /// The extensions that make a file a template wherever it is.
  static let templateExtensions: Set<String> = ["mustache", "stencil", "hbs"]
  /// The folders of templates and of assets.
  static let templateFolders: Set<String> = ["templates"]
  static let assetFolders: Set<String> = ["static", "assets"]
  static let contentFolders = templateFolders.union(assetFolders)

  let configs: any ConfigSource
  let groups: FileGroups
  let sets: FileSets

  /// Whether a unit is loaded, compared and put in force, and not only told of.
  func isLoaded(_ unit: UnitID) -> Bool {
    switch unit {
    case .config, .files: true
    case .templates, .assets: sets.isLoaded(unit)
    case .file: false
    }
  }

  /// What a file belongs to.
  func unit(of path: FilePath) -> UnitID {
    if let folder = Self.topFolder(of: path) {
      if Self.templateFolders.contains(folder) { return .templates }
      if Self.assetFolders.contains(folder) { return .assets }
    }
    if let name = configs.configName(of: path) { return .config(name) }
    if let ending = path.extension, Self.templateExtensions.contains(ending) { return .templates }
    return .file(path)
  }

  /// Sorts a candidate's changes, and leaves out those of units that are not accepted.
  func classify(
    _ candidate: Candidate, only isAccepted: (UnitID) -> Bool = { _ in true }
  ) -> ClassifiedCandidate {
    var result = ClassifiedCandidate(
      producers: [candidate.producer], notices: candidate.notices)
    switch candidate.scope {
    case .everything: result.isEverything = true
    case .units(let units): result.units = units.filter(isLoaded)
    }
    switch candidate.content {
    case .current: break
    case .workspace: result.root = .workspace
    case .folder(let path): result.root = .folder(path)
    }
    // Of another place all is loaded.
    if result.root != nil { result.isEverything = true }
    for change in candidate.changes {
      add(change, toGroupsIn: &result, only: isAccepted)
      let unit = unit(of: change.path)
      // A folder's change may concern anything below it.
      guard change.kind == .subtreeChanged || isAccepted(unit) else { continue }
      add(change, of: unit, to: &result)
    }
    return result
  }

  /// A file may belong to any number of groups, beside what it is otherwise.
  private func add(
    _ change: FileChange, toGroupsIn result: inout ClassifiedCandidate,
    only isAccepted: (UnitID) -> Bool
  ) {
    var names = groups.groups(of: change.path)
    if case .renamed(let from) = change.kind { names.formUnion(groups.groups(of: from)) }
    for unit in names.map(UnitID.files) where isAccepted(unit) {
      result.units.insert(unit)
      result.unitChanges[unit, default: []].append(change)
    }
  }

  private func add(_ change: FileChange, of unit: UnitID, to result: inout ClassifiedCandidate) {
    if isLoaded(unit) {
      result.units.insert(unit)
      result.unitChanges[unit, default: []].append(change)
    } else {
      result.content.append(change)
    }
    switch change.kind {
    case .renamed(let from):
      // What the file belonged to has lost it.
      let source = self.unit(of: from)
      guard isLoaded(source), source != unit else { break }
      result.units.insert(source)
      if source.isContent {
        result.unitChanges[source, default: []].append(FileChange(path: from, kind: .deleted))
      }
    case .subtreeChanged where !isContent(change.path):
      result.isEverything = true
    default:
      break
    }
  }

  /// The first of several components; nil for a file right below the root. Of many files this is asked at once, so
  /// it looks at no more of the path than it has to.
  private static func topFolder(of path: FilePath) -> String? {
    let text = path.string
    // By bytes: a name can begin with a combining mark, which would make one character of it and the slash.
    return text.utf8.firstIndex(of: UInt8(ascii: "/")).map { String(text[..<$0]) }
  }

  /// Whether a path that a diagnostic names is that of a template or an asset.
  static func isContent(file: String) -> Bool {
    let path = FilePath(file)
    if let folder = topFolder(of: path), contentFolders.contains(folder) { return true }
    return path.extension.map(templateExtensions.contains) ?? false
  }

  private func isContent(_ folder: FilePath) -> Bool {
    folder.components.first.map { Self.contentFolders.contains($0.string) } ?? false
  }
}
