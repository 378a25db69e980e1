public import HotReload
import HashTreeCollections
import Synchronization
public import WorkspaceTools

/// All templates of a workspace as they were at one moment, compiled. It never changes, and can be used from any
/// thread.
///
/// A template's name is its path below `templates/`, with or without the extension: `layout/header` or
/// `layout/header.mustache`. One that lies elsewhere is named by its path from the root. Where two have one name, the
/// one below `templates/` is meant, and of two engines the one that was given first.
public struct TemplateLibrary: ProblemReporting {
  let index: TemplateIndex
  private let links = LinkCache()

  init(_ index: TemplateIndex) {
    self.index = index
  }

  /// The names of all templates without extension, sorted.
  public var names: [String] { Set(index.entries.values.compactMap(\.names.first)).sorted() }

  /// The files of all templates relative to the root, sorted.
  public var paths: [String] { index.entries.keys.sorted() }

  /// How many templates there are.
  public var count: Int { index.entries.count }

  /// What is wrong; empty unless the compiler is lenient. A template that is broken, or takes in one that is, cannot be
  /// rendered; all others can.
  public var errors: [ConfigDiagnostic] { index.diagnostics(of: index.problems.keys) }

  /// The same: a template that is broken in force is a reason why the manager's status is degraded.
  public var problems: [ConfigDiagnostic] { errors }

  /// The places at which templates name an asset that is not there, sorted by file. A name that is computed is not known before
  /// the page is rendered.
  /// - Parameter assets: what there is.
  public func missingAssets(in assets: AssetManifest) -> [ConfigDiagnostic] {
    paths.compactMap { index.entries[$0] }.flatMap { entry in
      entry.assets.compactMap { asset in
        do throws(AssetNotFound) {
          _ = try assets.requiredURL(for: asset.name)
          return nil
        } catch {
          return entry.source.diagnostic(at: asset.position, "\(error)")
        }
      }
    }
  }

  /// The file of a template, by name or path; nil if there is none.
  public func path(of name: String) -> String? { index.resolve(name) }

  /// The text of a template, by name or path; nil if there is none.
  public func source(of name: String) -> TemplateSource? {
    index.resolve(name).flatMap { index.entries[$0]?.source }
  }

  /// Renders a template, and notes it and what it takes in in ``RenderUsage/current``, also if it fails.
  ///
  /// - Parameters: - name: its name or path. - context: what it can show.
  /// - Throws: ``TemplateError``: there is no such template, it or one that it takes in is broken, a value cannot be
  ///   shown as it wants, there is no such asset, or templates take in each other without end.
  public func render(
    _ name: String, _ context: RenderContext = RenderContext()
  ) throws(TemplateError) -> String {
    guard let path = index.resolve(name), let entry = index.entries[path] else {
      throw TemplateError(ConfigDiagnostic(location: nil, message: unknown(name)))
    }
    let reachable = links.reachable(from: path, in: index)
    if let usage = RenderUsage.current {
      for path in reachable { usage.note(.template(path)) }
    }
    let problems = index.problems.isEmpty ? [] : index.diagnostics(of: reachable)
    guard problems.isEmpty else { throw TemplateError(problems) }
    do {
      return try render(entry, index.engines[entry.engine], context)
    } catch let error as TemplateError {
      throw error
    } catch {
      throw TemplateError(
        ConfigDiagnostic(location: SourceLocation(source: path), message: "\(error)"))
    }
  }

  private func render<Engine: TemplateEngine>(
    _ entry: TemplateEntry, _ engine: Engine, _ context: RenderContext
  ) throws -> String {
    let templates = ReachableTemplates<Engine.Code>(
      page: entry.path, index: index, engine: entry.engine)
    if let linked = links.linked(for: entry.path) as? Engine.Linked {
      return try engine.render(linked, templates, context)
    }
    let linked = try engine.link(templates)
    links.keep(linked, for: entry.path)
    return try engine.render(linked, templates, context)
  }

  private func unknown(_ name: String) -> String {
    index.engines.isEmpty
      ? "there is no engine for templates" : index.missingMessage(name, engine: 0)
  }
}

/// What engines prepared for the templates of one library, made when it is first asked for.
private final class LinkCache: Sendable {
  /// So many templates are kept prepared; beyond that all are forgotten, and prepared again as they are asked for.
  private static let maximumCount = 1_024

  private struct State {
    var linked: [String: any Sendable] = [:]
    var reachable: [String: [String]] = [:]
  }

  private let state = Mutex(State())

  func linked(for path: String) -> (any Sendable)? {
    state.withLock { $0.linked[path] }
  }

  func keep(_ value: any Sendable, for path: String) {
    state.withLock { state in
      if state.linked.count >= Self.maximumCount { state.linked = [:] }
      state.linked[path] = value
    }
  }

  func reachable(from path: String, in index: TemplateIndex) -> [String] {
    if let known = state.withLock({ $0.reachable[path] }) { return known }
    let paths = index.reachable(from: path).paths
    state.withLock { state in
      if state.reachable.count >= Self.maximumCount { state.reachable = [:] }
      state.reachable[path] = paths
    }
    return paths
  }
}
