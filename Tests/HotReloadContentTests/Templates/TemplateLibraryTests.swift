import Foundation
import HotReloadContent
import Testing
import WorkspaceTools

@Suite("A library of templates", .timeLimit(.minutes(5)))
struct TemplateLibraryTests {
  private static let texts = [
    "templates/pages/index.mustache": "{{<layout}}{{$body}}{{>card}}{{/body}}{{/layout}}",
    "templates/pages/about.mustache": "{{<layout}}{{/layout}}",
    "templates/pages/any.mustache": "{{>*kind}}",
    "templates/layout.mustache": "\n  {{> nav}}{{$body}}{{/body}}",
    "templates/nav.mustache": "nav", "templates/card.mustache": "card",
    "templates/mail.stencil": "{% include \"foot\" %}", "templates/foot.stencil": "foot",
  ]

  @Test("knows what a template takes in and who takes it in, directly and not")
  func edges() async throws {
    let library = try await TemplateBench(Self.texts).library
    #expect(
      library.dependencies(of: "pages/index") == [
        "templates/card.mustache", "templates/layout.mustache",
      ])
    #expect(
      library.dependencies(of: "pages/index", transitive: true) == [
        "templates/card.mustache", "templates/layout.mustache", "templates/nav.mustache",
      ])
    #expect(
      library.dependents(of: "nav") == [
        "templates/layout.mustache", "templates/pages/any.mustache",
      ])
    #expect(
      library.dependents(of: "templates/nav.mustache", transitive: true) == [
        "templates/layout.mustache", "templates/pages/about.mustache",
        "templates/pages/any.mustache",
        "templates/pages/index.mustache",
      ])
    #expect(library.dependents(of: "foot", transitive: true) == ["templates/mail.stencil"])
    #expect(
      library.dependents(of: "no such").isEmpty && library.dependencies(of: "no such").isEmpty)
    #expect(library.source(of: "nav")?.text == "nav" && library.source(of: "no such") == nil)
  }

  @Test("takes no byte order mark into a page, and counts lines and columns without it")
  func byteOrderMarks() async throws {
    let mark = "\u{FEFF}"
    let bench = try await TemplateBench([
      "templates/a.mustache": "\(mark)[{{>b}}]", "templates/b.mustache": "\(mark)b\(mark)",
      "templates/c.stencil": "\(mark)[{% include \"d\" %}]", "templates/d.stencil": "\(mark)d",
      "templates/broken.mustache": "\(mark){{#x}}",
      "templates/wrong.stencil": "\(mark)\n {% nothing %}",
    ])
    // One in the middle is the author's.
    #expect(bench.page("a") == "[b\(mark)]" && bench.page("c") == "[d]")
    let places = bench.library.errors.compactMap(\.location).map { "\($0)" }
    #expect(places == ["templates/broken.mustache:1:1", "templates/wrong.stencil:2:2"])
  }

  @Test("explains who depends on a file, by which reference at which place")
  func explains() async throws {
    let library = try await TemplateBench(Self.texts).library
    #expect(
      library.explain("templates/nav.mustache")?.description == """
        templates/nav.mustache (Mustache), as nav
          templates/layout.mustache depends on it
            templates/layout.mustache:2:7 takes in templates/nav.mustache (partial)
          templates/pages/any.mustache depends on it
            templates/pages/any.mustache:1:4 takes in templates/nav.mustache (a computed name)
          templates/pages/about.mustache depends on it
            templates/pages/about.mustache:1:4 takes in templates/layout.mustache (inheritance)
            templates/layout.mustache:2:7 takes in templates/nav.mustache (partial)
          templates/pages/index.mustache depends on it
            templates/pages/index.mustache:1:4 takes in templates/layout.mustache (inheritance)
            templates/layout.mustache:2:7 takes in templates/nav.mustache (partial)
        """)
    #expect(library.explain("pages/any")?.description.contains("may be any") == true)
    #expect(library.explain("pages/any")?.dependents.isEmpty == true)
    #expect(library.explain("templates/none.mustache") == nil)
  }

  @Test("is a graph of nodes and edges that can be encoded")
  func graph() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{>b}}{{>*x}}{{>gone}}", "templates/b.mustache": "b",
    ])
    let graph = bench.library.graph
    #expect(graph.nodes.map(\.path) == ["templates/a.mustache", "templates/b.mustache"])
    #expect(graph.nodes.map(\.isBroken) == [true, false])
    #expect(graph.edges.map(\.target) == ["templates/b.mustache", nil, nil])
    #expect(graph.edges.map(\.reference.name) == ["b", nil, "gone"])
    let decoded = try JSONDecoder().decode(
      TemplateGraph.self, from: try JSONEncoder().encode(graph))
    #expect(decoded == graph)
  }

  @Test("notes what a page is made of, also when it fails")
  func usage() async throws {
    let library = try await TemplateBench(Self.texts).library
    func used(_ name: String, _ data: ConfigTable = [:]) -> [String] {
      let usage = RenderUsage()
      RenderUsage.$current.withValue(usage) { _ = library.page(name, data) }
      return usage.sources.map(\.description).sorted()
    }
    #expect(
      used("pages/index") == [
        "templates/card.mustache", "templates/layout.mustache", "templates/nav.mustache",
        "templates/pages/index.mustache",
      ])
    #expect(used("mail") == ["templates/foot.stencil", "templates/mail.stencil"])
    #expect(used("pages/any", ["kind": "zzz"]) == ["templates/pages/any.mustache"])
  }

  @Test("says that there is no template of a name, and which may be meant")
  func unknown() async throws {
    let bench = try await TemplateBench(Self.texts)
    #expect(
      bench.page("pages/indx")
        == "! there is no template pages/indx; looked for templates/pages/indx.mustache, pages/indx.mustache; "
        + "did you mean pages/index?")
  }
}
