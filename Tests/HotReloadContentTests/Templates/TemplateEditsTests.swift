import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadContent

@Suite("Random edits of templates", .timeLimit(.minutes(5)))
struct TemplateEditsTests {
  private static let names = ["a", "b", "c", "d", "x/e", "x/f"]
  private static let data: ConfigTable = ["t": "<t>", "list": ["1", "2"], "kind": "a", "f": false]

  private static func mustache(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "text\r\n", "{{t}}", "{{#list}}{{.}}{{/list}}", "{{> NAME}}", "{{>NAME.mustache}}",
      "{{#f}}{{>NAME}}{{/f}}", "{{<NAME}}{{$body}}x{{/body}}{{/NAME}}",
      "{{$body}}{{>NAME}}{{/body}}",
      "{{>*kind}}", "{{#list}}", "{{/list}}", "{{t", "{{> no}}",
    ]
    return text(pieces, &random)
  }

  private static func stencil(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "text\r\n", "{{ t }}", "{% for x in list %}{{ x }}{% endfor %}", "{% include \"NAME\" %}",
      "{% include \"NAME.stencil\" %}", "{% if f %}{% include 'NAME' %}{% endif %}",
      "{% extends \"NAME\" %}", "{% block body %}{% include \"NAME\" %}{% endblock %}",
      "{% include kind %}", "{% if t %}", "{% endif %}", "{{ t", "{{ t|no }}",
      "{% include \"no\" %}",
    ]
    return text(pieces, &random)
  }

  private static func text(_ pieces: [String], _ random: inout SeededGenerator) -> String {
    (0..<(1 + random.below(3))).map { _ in
      // What is good is more frequent than what is broken.
      let piece = pieces[min(random.below(pieces.count), random.below(pieces.count))]
      return piece.replacing("NAME", with: names[random.below(names.count)])
    }.joined()
  }

  /// Everything that can be seen of a library.
  private static func view(_ library: TemplateLibrary) -> [String] {
    let graph = library.graph
    return library.names + library.errors.map(\.description) + graph.nodes.map { "\($0)" }
      + graph.edges.map { "\($0)" }
      + library.paths.flatMap { path in
        [library.page(path, data), "\(library.dependents(of: path, transitive: true))"]
      }
  }

  @Test("compiled one after the other give the same as compiled at once")
  func sameAsFromScratch() async throws {
    for seed in PropertySeeds(8) {
      var random = SeededGenerator(seed: seed)
      let compiler = TemplateCompiler(engines: TemplateBench.engines, policy: .lenient)
      var texts: [String: String] = [:]
      var files = FileSet()
      for round in 0..<20 {
        var changes: [FilePath: FileSet.File?] = [:]
        for _ in 0...random.below(3) {
          let isMustache = random.below(2) == 0
          let folder = random.below(6) == 0 ? "" : "templates/"
          let path =
            folder + Self.names[random.below(Self.names.count)]
            + (isMustache ? ".mustache" : ".stencil")
          if random.below(5) == 0 {
            texts[path] = nil
          } else {
            texts[path] = isMustache ? Self.mustache(&random) : Self.stencil(&random)
          }
          let bytes = texts[path].map { Array($0.utf8) }
          changes[FilePath(path)] = .some(
            bytes.map { FileSet.File(path: FilePath(path), bytes: $0) })
        }
        files = files.replacing(changes)
        let incremental = try compiler.library(of: files)
        let scratch = try TemplateCompiler(engines: TemplateBench.engines, policy: .lenient)
          .library(of: FileSet(files.files))
        #expect(Self.view(incremental) == Self.view(scratch), "round \(round), \(random)")
      }
    }
  }

  @Test("that are any bytes around tags end in a page or in errors with a place")
  func anything() async throws {
    let pieces = [
      "{{", "}}", "{%", "%}", "{#", "#}", "{{{", "}}}", "#", "/", ">", "<", "$", "^", "=", "!", "&",
      "*", "(", ")",
      "[", "]", ".", "...", "|", ":", ",", "\"", "'", "a", "if", "for", "in", "not", "and", "end",
      "else", "block",
      "include", "last", "count", "1", "-1", "1e30", " ", "\r\n", "\n", "é", "\u{301}", "{", "}",
      "%", "-", "+",
    ]
    for seed in PropertySeeds(40) {
      var random = SeededGenerator(seed: seed)
      var texts: [String: String] = [:]
      for number in 0..<40 {
        var text = ""
        for _ in 0..<random.below(24) { text += pieces[random.below(pieces.count)] }
        // Half of them are within a tag from the start.
        texts["templates/m\(number).mustache"] = random.below(2) == 0 ? text : "{{\(text)}}"
        texts["templates/s\(number).stencil"] =
          random.below(2) == 0 ? text : "{{ \(text) }}{% if \(text) %}x{% endif %}"
      }
      let bench = try await TemplateBench(texts)
      for error in bench.library.errors {
        #expect((error.location?.line ?? 0) > 0, "\(error), \(random)")
      }
      let data: ConfigTable = ["a": [], "last": "", "count": 1, "b": ConfigTree(.table([:]))]
      for path in bench.library.paths {
        do throws(TemplateError) {
          _ = try bench.library.render(path, RenderContext(data: ConfigTree(data)))
        } catch {
          #expect(
            error.diagnostics.allSatisfy { $0.location != nil }, "\(path): \(error), \(random)")
        }
      }
    }
  }
}
