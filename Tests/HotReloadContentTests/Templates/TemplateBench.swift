import HotReload
import HotReloadMustache
import HotReloadStencil
import SystemPackage
import WorkspaceTools

@testable import HotReloadContent

/// Templates that a test changes, compiled again and again by one compiler.
final class TemplateBench {
  let compiler: TemplateCompiler
  private(set) var files: FileSet
  private(set) var library = TemplateLibrary(
    TemplateIndex(engines: TemplateBench.engines, folder: "templates"))

  static let engines: [any TemplateEngine] = [MustacheEngine(), StencilEngine()]

  init(
    _ texts: [String: String] = [:], policy: TemplateCompiler.Policy = .lenient
  ) async throws {
    compiler = TemplateCompiler(engines: Self.engines, policy: policy)
    files = FileSet(texts.map { FileSet.File(path: FilePath($0), bytes: Array($1.utf8)) })
    try await compile()
  }

  /// Changes files; nil deletes one. What is refused stays changed, as it does on disk.
  func change(_ texts: [String: String?]) async throws {
    var changes: [FilePath: FileSet.File?] = [:]
    for (path, text) in texts {
      changes[FilePath(path)] = .some(
        text.map { FileSet.File(path: FilePath(path), bytes: Array($0.utf8)) })
    }
    files = files.replacing(changes)
    try await compile()
  }

  private func compile() async throws {
    let change = ReloadChange(
      generation: 1, changed: [.templates], sets: [.templates: files])
    let product = try await compiler.prepare(change)
    await compiler.activate(product, replacing: library)
    library = product
  }

  /// What is refused, a line for each thing; nothing if it is not.
  func refusal(of texts: [String: String?]) async -> [String] {
    do {
      try await change(texts)
      return []
    } catch let refusal as ReloadRefusal {
      return refusal.diagnostics.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  /// What a page is rendered as, or what is wrong, after `! `.
  func page(
    _ name: String, _ data: ConfigTable = [:],
    asset: @escaping @Sendable (String) throws -> String = { "/static/\($0)" }
  ) -> String {
    library.page(name, data, asset: asset)
  }

  var errors: [String] { library.errors.map(\.description) }
}

extension TemplateLibrary {
  func page(
    _ name: String, _ data: ConfigTable = [:],
    asset: @escaping @Sendable (String) throws -> String = { "/static/\($0)" }
  ) -> String {
    do throws(TemplateError) {
      return try render(name, RenderContext(data: ConfigTree(data), asset: asset))
    } catch {
      return "! \(error)"
    }
  }
}

/// A chain of nodes, each with one child; the last has none, or no key for it.
func chain(_ length: Int, endsWithKey: Bool = true) -> ConfigTree {
  var node: ConfigTree =
    endsWithKey ? ConfigTree(["name": "end", "children": []]) : ConfigTree(["name": "end"])
  for number in 1..<length {
    node = ConfigTree([
      "name": ConfigTree(.string("\(number)")), "children": ConfigTree(.array([node])),
    ])
  }
  return node
}
