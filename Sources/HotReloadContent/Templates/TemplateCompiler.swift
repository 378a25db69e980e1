public import HotReload
import Synchronization
import WorkspaceFiles
import WorkspaceTools

/// Makes a ``TemplateLibrary`` of the templates of a workspace, and keeps changes out with which something is wrong.
///
///     let templates = try await manager.register(
///       TemplateCompiler(engines: [MustacheEngine()]), for: [.templates])
///     let page = try templates.current.render("pages/index", context)
///
/// Only files that changed are compiled. Files below `templates/` for which there is no engine are left alone.
public final class TemplateCompiler: ReloadParticipant {
  /// It makes all templates of a workspace.
  public typealias Product = TemplateLibrary

  /// What to do if something is wrong when nothing is in force yet.
  public enum Policy: Sendable {
    /// The registration fails.
    case strict
    /// What is good comes into force; what is not throws when it is rendered. What is broken in force may stay so, or
    /// be broken in another way, without keeping other changes out. For a server on which somebody works.
    case lenient
  }

  /// The folder of templates, relative to the root.
  public static let defaultFolder = "templates"

  private struct Version {
    var files: FileSet
    var index: TemplateIndex
  }

  private struct State {
    /// What was compiled last, be it in force or not.
    var last: Version
    /// What is in force; nil before the first time.
    var inForce: TemplateIndex?
    var compilations = 0
  }

  private let engines: [any TemplateEngine]
  private let folder: String
  private let policy: Policy
  private let state: Mutex<State>

  /// Creates a compiler, for one registration.
  /// - Parameters:
  ///   - engines: for each language one; of two for one extension the first counts.
  ///   - policy: what to do if something is wrong when nothing is in force yet.
  ///   - folder: the folder whose templates are named by their path below it.
  public init(
    engines: [any TemplateEngine], policy: Policy = .strict, folder: String = defaultFolder
  ) {
    self.engines = engines
    self.policy = policy
    self.folder = folder
    state = Mutex(
      State(
        last: Version(files: FileSet(), index: TemplateIndex(engines: engines, folder: folder))))
  }

  /// How many files were compiled so far.
  public var compilations: Int { state.withLock { $0.compilations } }

  /// Compiles what changed.
  /// - Throws: `ReloadRefusal`, with the place of everything that is wrong.
  public func prepare(_ change: ReloadChange) async throws -> TemplateLibrary {
    let files = change.files(of: .templates) ?? FileSet()
    return try await BlockingExecutor.shared.run { try self.library(of: files) }
  }

  /// Compiles what differs from what was compiled last, and keeps nothing of it.
  /// - Throws: as ``prepare(_:)``.
  public func check(_ change: ReloadChange) async throws {
    let files = change.files(of: .templates) ?? FileSet()
    try await BlockingExecutor.shared.run {
      let (last, inForce) = self.state.withLock { ($0.last, $0.inForce) }
      try self.check(self.compile(files, after: last, inForce).index, inForce)
    }
  }

  /// Remembers what is in force.
  public func activate(_ product: TemplateLibrary, replacing old: TemplateLibrary?) async {
    state.withLock { $0.inForce = product.index }
  }

  /// Compiles what changed since the last call. It blocks for as long as that takes.
  /// - Throws: `ReloadRefusal`.
  func library(of files: FileSet) throws(ReloadRefusal) -> TemplateLibrary {
    let (last, inForce) = state.withLock { ($0.last, $0.inForce) }
    let (index, compiled) = compile(files, after: last, inForce)
    state.withLock { state in
      state.last = Version(files: files, index: index)
      state.compilations += compiled
    }
    try check(index, inForce)
    return TemplateLibrary(index)
  }

  /// Compiles what differs from a version, and says how many files that were.
  private func compile(
    _ files: FileSet, after last: Version, _ inForce: TemplateIndex?
  ) -> (index: TemplateIndex, count: Int) {
    var changes: [String: TemplateEntry?] = [:]
    var compiled = 0
    for path in files.differences(from: last.files) {
      let name = path.string
      guard let file = files[path], let engine = engine(for: name) else {
        changes[name] = .some(nil)
        continue
      }
      if let known = inForce?.entries[name], known.digest == file.digest {
        changes[name] = known
      } else {
        compiled += 1
        changes[name] = entry(file, name, engine)
      }
    }
    var index = last.index
    index.apply(changes)
    return (index, compiled)
  }

  private func check(
    _ index: TemplateIndex, _ inForce: TemplateIndex?
  ) throws(ReloadRefusal) {
    guard !index.problems.isEmpty, inForce != nil || policy == .strict else { return }
    let broken = index.problems.keys.filter { inForce?.problems[$0] == nil }
    guard !broken.isEmpty else { return }
    throw ReloadRefusal(index.diagnostics(of: broken, since: inForce))
  }

  private func engine(for path: String) -> Int? {
    guard let ending = path.lastIndex(of: ".") else { return nil }
    let name = String(path[path.index(after: ending)...])
    return engines.firstIndex { $0.fileExtensions.contains(name) }
  }

  /// Compiles one file.
  private func entry(_ file: FileSet.File, _ path: String, _ engine: Int) -> TemplateEntry {
    let prefix = folder + "/"
    let full = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    let name = full.lastIndex(of: ".").map { String(full[..<$0]) } ?? full
    func entry(
      _ source: TemplateSource, _ code: (any Sendable)?, _ references: [TemplateReference],
      _ assets: [TemplateAsset], _ problems: [ConfigDiagnostic]
    ) -> TemplateEntry {
      TemplateEntry(
        source: source, digest: file.digest, engine: engine, names: [name, full], code: code,
        references: references, assets: assets, problems: problems)
    }
    guard let bytes = file.bytes else {
      let source = TemplateSource(path: path, name: name, utf8: [])
      let message = "a template can have 1 MiB at most, and this one has \(file.size) bytes"
      return entry(source, nil, [], [], [source.diagnostic(at: 0, message)])
    }
    let source = TemplateSource(path: path, name: name, utf8: bytes)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      // Up to the first bad byte, the repaired text is the same.
      let bad = zip(source.utf8, source.text.utf8).prefix { $0 == $1 }.count
      let problem = source.diagnostic(at: bad, "the file is not UTF-8 from here on")
      return entry(source, nil, [], [], [problem])
    }
    do {
      let (code, references, assets) = try Self.compile(source, engines[engine])
      return entry(source, code, references, assets, [])
    } catch let error as TemplateError {
      return entry(source, nil, [], [], error.diagnostics)
    } catch {
      return entry(source, nil, [], [], [source.diagnostic(at: 0, "\(error)")])
    }
  }

  private static func compile<Engine: TemplateEngine>(
    _ source: TemplateSource, _ engine: Engine
  ) throws -> (any Sendable, [TemplateReference], [TemplateAsset]) {
    let compiled = try engine.compile(source)
    return (compiled.code, compiled.references, compiled.assets)
  }
}
