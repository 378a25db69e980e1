import HotReload
import HotReloadMustache
import Testing
import WorkspaceTools

@testable import HotReloadContent

@Suite("The compiler of templates", .timeLimit(.minutes(5)))
struct TemplateCompilerTests {
  @Test("compiles one of ten thousand when one leaf changed, and names who takes it in")
  func oneOfMany() async throws {
    var texts: [String: String] = ["templates/base.mustache": "<{{$body}}{{/body}}>"]
    for number in 0..<4_999 {
      texts["templates/leaf\(number).mustache"] = "leaf \(number)"
      texts["templates/page\(number).mustache"] =
        "{{<base}}{{$body}}{{>leaf\(number)}}{{/body}}{{/base}}"
    }
    texts["templates/more.mustache"] = "more"
    let bench = try await TemplateBench(texts, policy: .strict)
    #expect(bench.library.count == 10_000 && bench.compiler.compilations == 10_000)
    try await bench.change(["templates/leaf17.mustache": "changed"])
    #expect(bench.compiler.compilations == 10_001)
    #expect(bench.page("page17") == "<changed>" && bench.page("page18") == "<leaf 18>")
    #expect(bench.library.dependents(of: "leaf17") == ["templates/page17.mustache"])
    try await bench.change([:])
    #expect(bench.compiler.compilations == 10_001)
  }

  @Test("refuses what it cannot read, keeps what is in force, and takes it when it is mended")
  func refuses() async throws {
    let bench = try await TemplateBench(
      ["templates/a.mustache": "{{>b}}", "templates/b.mustache": "good"], policy: .strict)
    #expect(
      await bench.refusal(of: ["templates/b.mustache": "\r\n{{#x}}"]) == [
        "templates/b.mustache:2:1: x is opened here and never closed; write {{/x}}"
      ])
    #expect(bench.page("a") == "good")
    let compilations = bench.compiler.compilations
    #expect(await bench.refusal(of: ["templates/b.mustache": "good"]).isEmpty)
    #expect(bench.compiler.compilations == compilations, "what is in force is known")
    #expect(await bench.refusal(of: ["templates/b.mustache": "better"]).isEmpty)
    #expect(bench.page("a") == "better")
  }

  @Test(
    "refuses a name of which there is no template, and says what was looked for and may be meant")
  func missing() async throws {
    let bench = try await TemplateBench(
      ["templates/layout/header.mustache": "h", "templates/s.stencil": "s"], policy: .strict)
    #expect(
      await bench.refusal(of: [
        "templates/a.mustache": "{{>layout/header}}\r\n {{> layout/haeder }}"
      ]) == [
        "templates/a.mustache:2:6: there is no template layout/haeder; looked for "
          + "templates/layout/haeder.mustache, layout/haeder.mustache; did you mean layout/header?"
      ])
    #expect(
      await bench.refusal(of: ["templates/a.mustache": "{{>s}}"]) == [
        "templates/a.mustache:1:4: templates/s.stencil is a Stencil template, "
          + "which a template of Mustache cannot take in"
      ])
  }

  @Test("says of a deleted template that it is still used, and where")
  func deleted() async throws {
    let bench = try await TemplateBench(
      [
        "templates/a.mustache": "{{>header}}\n{{>header}}", "templates/header.mustache": "h",
        "templates/c.stencil": "{% if x %}{% include 'd' %}{% endif %}", "templates/d.stencil": "",
      ], policy: .strict)
    let used = "was deleted and is still used here"
    #expect(
      await bench.refusal(of: ["templates/header.mustache": nil, "templates/d.stencil": nil]) == [
        "templates/a.mustache:1:4: templates/header.mustache \(used); bring it back, or take this reference out",
        "templates/a.mustache:2:4: templates/header.mustache \(used); bring it back, or take this reference out",
        "templates/c.stencil:1:22: templates/d.stencil \(used); bring it back, or take this reference out",
      ])
    #expect(
      await bench.refusal(of: ["templates/d.stencil": "", "templates/headers.mustache": "H"]) == [
        "templates/a.mustache:1:4: templates/header.mustache \(used); did you mean headers?",
        "templates/a.mustache:2:4: templates/header.mustache \(used); did you mean headers?",
      ])
    #expect(await bench.refusal(of: ["templates/a.mustache": "{{>headers}}"]).isEmpty)
    #expect(bench.page("a") == "H")
  }

  @Test("refuses templates that take in each other whatever the data is, with the whole way")
  func circles() async throws {
    let bench = try await TemplateBench(
      ["templates/a.mustache": "{{>b}}", "templates/b.mustache": "b"], policy: .strict)
    #expect(
      await bench.refusal(of: [
        "templates/b.mustache": "\n{{>c}}", "templates/c.mustache": "{{x}}{{>a}}",
      ]) == [
        "templates/a.mustache:1:4: these templates take in each other without end: "
          + "templates/a.mustache:1:4 → templates/b.mustache:2:4 → templates/c.mustache:1:9 → templates/a.mustache; "
          + "put one of them in a section or condition that ends"
      ])
    #expect(await bench.refusal(of: ["templates/c.mustache": "{{#x}}{{>a}}{{/x}}"]).isEmpty)
    #expect(
      await bench.refusal(of: ["templates/s.stencil": "{% extends 's' %}"]) == [
        "templates/s.stencil:1:12: the template takes in itself without end: templates/s.stencil:1:12 → "
          + "templates/s.stencil; put one of them in a section or condition that ends"
      ])
  }

  @Test("that is lenient starts with broken templates, and lets them keep nothing else out")
  func lenient() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{#x}}", "templates/b.mustache": "{{>a}}",
      "templates/c.mustache": "c",
    ])
    let error = "templates/a.mustache:1:1: x is opened here and never closed; write {{/x}}"
    #expect(bench.errors == [error])
    #expect(
      bench.page("a") == "! \(error)" && bench.page("b") == "! \(error)" && bench.page("c") == "c")
    #expect(
      await bench.refusal(of: ["templates/c.mustache": "d", "templates/a.mustache": "{{y"]).isEmpty)
    #expect(bench.page("c") == "d" && bench.errors.count == 1)
    #expect(await bench.refusal(of: ["templates/c.mustache": "{{#z}}"]).count == 1)
    #expect(bench.page("c") == "d")
    #expect(
      await bench.refusal(of: ["templates/c.mustache": "e", "templates/a.mustache": "a"]).isEmpty)
    #expect(bench.page("b") == "a" && bench.errors.isEmpty)
    #expect(
      await bench.refusal(of: ["templates/a.mustache": "{{y"]).count == 1, "it is good in force")
  }

  @Test("that is strict does not start with a broken template")
  func strict() async throws {
    await #expect(throws: ReloadRefusal.self) {
      try await TemplateBench(["templates/a.mustache": "{{>b}}"], policy: .strict)
    }
  }

  @Test(
    "refuses what is not UTF-8 with the place of the first bad byte, and leaves other files alone")
  func bytes() async throws {
    let compiler = TemplateCompiler(engines: [MustacheEngine()])
    let files = FileSet([
      FileSet.File(path: "templates/a.mustache", bytes: Array("é\na".utf8) + [0xFF, 0x62]),
      FileSet.File(path: "templates/README.md", bytes: [0xFF]),
      FileSet.File(path: "templates/Makefile", bytes: [0xFF]),
    ])
    let refusal = await #expect(throws: ReloadRefusal.self) {
      try await compiler.prepare(
        ReloadChange(generation: 1, changed: [.templates], sets: [.templates: files]))
    }
    #expect(
      refusal?.diagnostics.map(\.description) == [
        "templates/a.mustache:2:2: the file is not UTF-8 from here on"
      ])
  }

  @Test("renders from many threads at once")
  func concurrently() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{#items}}{{>b}}{{/items}}", "templates/b.mustache": "{{.}},",
      "templates/c.stencil": "{% for x in items %}{% include 'd' %}{% endfor %}",
      "templates/d.stencil": "{{ x }},",
    ])
    let library = bench.library
    let wrong = await withTaskGroup(of: Int.self) { group in
      for task in 0..<16 {
        group.addTask {
          (0..<50).count { round in
            let number = Int64(task * 1_000 + round)
            let data: ConfigTable = [
              "items": [ConfigTree(.integer(number)), ConfigTree(.integer(7))]
            ]
            return library.page("a", data) != "\(number),7,"
              || library.page("c", data) != "\(number),7,"
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test("takes an engine that a program brings along")
  func ownEngine() async throws {
    let compiler = TemplateCompiler(engines: [MustacheEngine(), LineEngine()])
    let files = FileSet([
      FileSet.File(path: "templates/a.lines", bytes: Array("one\n@b\nthree".utf8)),
      FileSet.File(path: "templates/b.lines", bytes: Array("two".utf8)),
    ])
    let library = try await compiler.prepare(
      ReloadChange(generation: 1, changed: [.templates], sets: [.templates: files]))
    #expect(try library.render("a") == "one|two|three")
    #expect(library.explain("b")?.dependents.map(\.path) == ["templates/a.lines"])
  }
}

/// A language whose lines are shown, and include another template where they begin with `@`.
private struct LineEngine: TemplateEngine {
  let name = "Lines"
  let fileExtensions: Set<String> = ["lines"]

  func compile(_ source: TemplateSource) -> CompiledTemplate<[String]> {
    let lines = source.text.split(separator: "\n").map(String.init)
    let references = lines.enumerated().filter { $1.hasPrefix("@") }.map { number, line in
      TemplateReference(
        kind: .include, name: String(line.dropFirst()),
        position: TemplatePosition(line: number + 1, column: 2), isConditional: false)
    }
    return CompiledTemplate(code: lines, references: references)
  }

  func render(
    _ linked: NothingLinked, _ templates: ReachableTemplates<[String]>, _ context: RenderContext
  ) throws -> String {
    func show(_ path: String) throws -> String {
      try (templates.code(at: path) ?? []).map { line in
        line.hasPrefix("@") ? try show(templates.use(String(line.dropFirst()))) : line
      }.joined(separator: "|")
    }
    return try show(templates.page)
  }
}
