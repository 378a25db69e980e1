import HotReload
import HotReloadContent
import HotReloadMustache
import SystemPackage
import WorkspaceTools

extension Measurement {
  /// How long a change of one template takes among many.
  static let templates = Measurement(
    name: "templates",
    purpose: "one leaf of many Mustache templates changed -> new library; floor: all compiled anew"
  ) { report, scale in
    let edits = 20
    var middle: [Double] = []
    for count in [1_000, 10_000] {
      let site = try await ManyTemplates(count)
      var changed = Samples()
      var rebuilt = Samples()
      for round in 0...scale.count(10) {
        let all = try await site.rebuild()
        for _ in 0..<edits {
          let one = try await site.editLeaf()
          if round > 0 { changed.add(one) }
        }
        if round > 0 { rebuilt.add(all) }
      }
      for (name, part) in [("p50", 0.5), ("p95", 0.95)] {
        report.row(
          "1 of \(count) changed, \(name)", changed.percentile(part),
          floor: rebuilt.percentile(part), target: .atMost(2e6))
      }
      middle.append(changed.median)
    }
    report.row(
      "times as long with 10 times as many", middle[1] / middle[0], unit: .count,
      target: .atMost(1.5))
  }
}

/// Pages with a layout, each with a partial of its own, which is a leaf.
private final class ManyTemplates {
  private let compiler = TemplateCompiler(engines: [MustacheEngine()])
  private let pages: Int
  private var files: FileSet
  private var library: TemplateLibrary
  private var edits = 0

  /// So many templates, loaded.
  init(_ count: Int) async throws {
    pages = (count - 1) / 2
    var sources = [
      Self.file(
        "layout",
        "<!doctype html><title>{{$title}}Site{{/title}}</title><main>{{$content}}{{/content}}</main>"
      )
    ]
    for page in 0..<pages {
      sources.append(
        Self.file(
          "pages/page\(page)",
          "{{<layout}}{{$title}}Page \(page){{/title}}{{$content}}{{#items}}<p>{{name}}</p>{{/items}}"
            + "{{> leaves/leaf\(page)}}{{/content}}{{/layout}}"))
      sources.append(Self.leaf(page, edit: 0))
    }
    if sources.count < count { sources.append(Self.file("other", "<p>other</p>")) }
    files = FileSet(sources)
    library = try await Self.load(files, with: compiler, replacing: nil)
  }

  /// Nanoseconds until one leaf's edit is in a library, which a page shows.
  func editLeaf() async throws -> Double {
    edits += 1
    // Far from each other, as edits in a large site are.
    let page = edits * 7_919 % pages
    let leaf = Self.leaf(page, edit: edits)
    let old = library
    let start = monotonicNanoseconds()
    files = files.replacing([leaf.path: leaf])
    library = try await Self.load(files, with: compiler, replacing: old)
    let elapsed = Double(monotonicNanoseconds() - start)
    guard try library.render("pages/page\(page)").contains("<i>edit \(edits)</i>") else {
      throw WrongResult(message: "page \(page) does not show edit \(edits)")
    }
    return elapsed
  }

  /// Nanoseconds until all templates are compiled by who knows none of them.
  func rebuild() async throws -> Double {
    let fresh = TemplateCompiler(engines: [MustacheEngine()])
    let start = monotonicNanoseconds()
    let count = try await Self.load(files, with: fresh, replacing: nil).count
    let elapsed = Double(monotonicNanoseconds() - start)
    guard count == files.count else {
      throw WrongResult(message: "\(count) of \(files.count) templates")
    }
    return elapsed
  }

  private static func load(
    _ files: FileSet, with compiler: TemplateCompiler, replacing old: TemplateLibrary?
  ) async throws -> TemplateLibrary {
    let library = try await compiler.prepare(
      ReloadChange(generation: 1, changed: [.templates], sets: [.templates: files]))
    await compiler.activate(library, replacing: old)
    return library
  }

  private static func leaf(_ page: Int, edit: Int) -> FileSet.File {
    file("leaves/leaf\(page)", "<p>{{greeting}} from leaf \(page), <i>edit \(edit)</i></p>")
  }

  private static func file(_ name: String, _ text: String) -> FileSet.File {
    FileSet.File(path: FilePath("templates/\(name).mustache"), bytes: Array(text.utf8))
  }
}
