import WorkspaceTools

/// What understands one language of templates.
///
/// An engine is a value without state: it is asked from many threads at once. What it makes of a file depends on the
/// file's path and content only.
public protocol TemplateEngine: Sendable {
  /// What it makes of one file.
  associatedtype Code: Sendable
  /// What it makes of a template together with all that it takes in, once for many renderings.
  associatedtype Linked: Sendable = NothingLinked

  /// The language, for people: `Mustache`.
  var name: String { get }
  /// The last extensions of the files that are for it, without dots: `mustache`.
  var fileExtensions: Set<String> { get }

  /// Compiles one file. Other templates need not be there.
  /// - Throws: ``TemplateError``.
  func compile(_ source: TemplateSource) throws -> CompiledTemplate<Code>

  /// Prepares a template for rendering. All that it takes in, as far as names are written and not computed, is there
  /// and is good.
  /// - Throws: ``TemplateError``.
  func link(_ templates: ReachableTemplates<Code>) throws -> Linked

  /// Renders a template. It throws, and never overflows the stack, if templates take in each other without end: see
  /// ``RenderingStack``.
  /// - Throws: ``TemplateError``.
  func render(
    _ linked: Linked, _ templates: ReachableTemplates<Code>, _ context: RenderContext
  ) throws -> String
}

extension TemplateEngine where Linked == NothingLinked {
  /// Nothing is prepared.
  public func link(_ templates: ReachableTemplates<Code>) throws -> NothingLinked {
    NothingLinked()
  }
}

/// What an engine made of one file.
public struct CompiledTemplate<Code: Sendable>: Sendable {
  /// What the engine needs for rendering it.
  public var code: Code
  /// Which others it takes in, in the order in which they stand in the file.
  public var references: [TemplateReference]
  /// The assets that it names, in the order in which they stand in the file.
  public var assets: [TemplateAsset]

  /// Creates one.
  public init(code: Code, references: [TemplateReference], assets: [TemplateAsset] = []) {
    self.code = code
    self.references = references
    self.assets = assets
  }
}

/// A template and those of its engine that it can take in, as an engine sees them.
public struct ReachableTemplates<Code: Sendable>: Sendable {
  /// The file of the template that is rendered, relative to the root.
  public let page: String
  let index: TemplateIndex
  let engine: Int

  /// The files that the page takes in, and those they take in, itself among them; all of the engine if one of
  /// them computes a name.
  public var paths: [String] {
    let reached = index.reachable(from: page)
    return reached.isDynamic ? index.paths(ofEngine: engine) : reached.paths
  }

  /// The text of a file; nil if there is none of this engine.
  public func source(at path: String) -> TemplateSource? {
    entry(path)?.source
  }

  /// What the engine made of a file; nil if there is none of this engine, or it is broken.
  public func code(at path: String) -> Code? {
    guard let code = entry(path)?.code else { return nil }
    return code as? Code
  }

  /// The file that a name stands for; nil if there is none.
  public func path(of name: String) -> String? {
    index.resolve(name, engine: engine)
  }

  /// The file that a name stands for which was computed during a rendering, noted as used.
  /// - Throws: ``TemplateError`` without a place, if there is no such template or something that it takes in is broken.
  public func use(_ name: String) throws(TemplateError) -> String {
    guard let path = path(of: name) else {
      let message = index.missingMessage(name, engine: engine)
      throw TemplateError(ConfigDiagnostic(location: nil, message: message))
    }
    let reached = index.reachable(from: path)
    if let usage = RenderUsage.current {
      for path in reached.paths { usage.note(.template(path)) }
    }
    let problems = index.problems.isEmpty ? [] : index.diagnostics(of: reached.paths)
    guard problems.isEmpty else { throw TemplateError(problems) }
    return path
  }

  private func entry(_ path: String) -> TemplateEntry? {
    guard let entry = index.entries[path], entry.engine == engine else { return nil }
    return entry
  }
}

/// For engines that prepare nothing.
public struct NothingLinked: Sendable {
  /// Creates it.
  public init() {}
}
