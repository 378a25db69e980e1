public import HotReload
internal import HotReloadContent
public import WorkspaceTools

extension SiteServer {
  /// What is wrong with a unit on disk, although the site is served.
  public struct Problem: Sendable, Hashable {
    /// Which unit.
    public var unit: UnitID
    /// What is wrong, with its place. The values in it are the real ones: redact before showing them.
    public var errors: [ConfigDiagnostic]

    /// Creates one.
    public init(unit: UnitID, errors: [ConfigDiagnostic]) {
      self.unit = unit
      self.errors = errors
    }
  }

  /// What is wrong now, such as what was broken already when the server started: it goes on with what is good, and nothing else
  /// would tell before somebody opens a page.
  public func problems() async -> [Problem] {
    var problems = await manager.status().units.filter { !$0.errors.isEmpty }.map {
      Problem(unit: $0.unit, errors: $0.errors)
    }
    let broken = content?.templates.current.errors ?? []
    if !broken.isEmpty, !problems.contains(where: { $0.unit == .templates }) {
      problems.append(Problem(unit: .templates, errors: broken))
    }
    return problems
  }
}
