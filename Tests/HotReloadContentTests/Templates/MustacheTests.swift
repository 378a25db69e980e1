import HotReloadContent
import Testing
import WorkspaceTools

@Suite("Mustache templates", .timeLimit(.minutes(5)))
struct MustacheTests {
  @Test("show values, sections, partials and layouts")
  func shows() async throws {
    let bench = try await TemplateBench([
      "templates/page.mustache": """
      {{<layout/base}}
      {{$title}}{{title}}{{/title}}
      {{$body}}
      {{#items}}
        {{> parts/item}}
      {{/items}}
      {{^items}}none{{/items}}
      {{/body}}
      {{/layout/base}}
      """,
      "templates/layout/base.mustache": "<title>{{$title}}?{{/title}}</title>\n{{$body}}{{/body}}",
      "templates/parts/item.mustache": "<li>{{name}} {{plusone(number)}} {{{raw}}}{{&raw}}</li>\n",
    ])
    #expect(
      bench.page(
        "page",
        [
          "title": "A & B",
          "items": [
            ConfigTree(["name": "x", "number": 1, "raw": "<b>"]),
            ConfigTree(["name": "y", "number": 2]),
          ],
        ]) == """
          <title>A &amp; B</title>
            <li>x 2 <b><b></li>
            <li>y 3 </li>


          """)
    #expect(bench.page("page", ["title": "T"]).hasSuffix("none\n"))
  }

  @Test("are found with and without extension, in the folder before elsewhere")
  func names() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{>b}}{{>b.mustache}}{{>./b}}{{>mail/c}}",
      "templates/b.mustache": "b",
      "b.mustache": "other", "mail/c.mustache": "c",
    ])
    #expect(bench.page("a") == "bbbc")
    #expect(bench.page("templates/a.mustache") == "bbbc" && bench.page("a.mustache") == "bbbc")
    #expect(bench.page("b.mustache") == "other", "a path is meant before a name")
    #expect(bench.library.names == ["a", "b", "mail/c"])
  }

  @Test("transform numbers, texts, tables and lists as the engine's own values")
  func transforms() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": """
      {{plusone(n)}} {{minusone(n)}} {{even(n)}} {{odd(n)}} {{#equalzero(zero)}}0{{/equalzero(zero)}}
      {{capitalized(t)}} {{lowercased(t)}} {{uppercased(t)}} {{reversed(t)}} [{{#empty(none)}}empty{{/empty(none)}}]
      {{count(table)}} {{#enumerated(table)}}{{key}}={{value}} {{/enumerated(table)}}| {{#sorted(table)}}{{key}} {{/sorted(table)}}
      {{first(list)}} {{last(list)}} {{count(list)}} {{#reversed(list)}}{{.}} {{/reversed(list)}}| {{#sorted(list)}}{{.}} {{/sorted(list)}}
      {{list.1}}{{list.9}}{{#empty(list)}}!{{/empty(list)}}{{^empty(table)}}some{{/empty(table)}}
      {{yes}} {{half}} {{day}} {{{table}}} {{#no}}no{{/no}}{{plusone(t)}}{{plusone(table)}}{{plusone(list)}}{{plusone(yes)}}
      """
    ])
    let page = bench.page(
      "a",
      [
        "n": 7, "zero": 0, "t": "aBc", "none": "", "yes": true, "no": ConfigTree(.null),
        "half": ConfigTree(.float(0.5)), "day": "2026-11-25",
        "table": ConfigTree(["b": 2, "a": 1]),
        "list": ConfigTree(.array(["y", 2, ConfigTree(.float(1.5)), true, "x", 10])),
      ])
    #expect(
      page == """
        8 6 false true 0
        Abc abc ABC cBa [empty]
        2 b=2 a=1 | a b 
        y 10 6 10 x true 1.5 2 y | 1.5 2 10 x y true 
        2some
        true 0.5 2026-11-25 {"b":2,"a":1} 
        """)
  }

  @Test("escape values scalar by scalar, so that no accent hides a quotation mark")
  func escapes() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{x}}|{{uppercased(x)}}|{{#list}}{{.}}{{/list}}|{{list}}|{{t.x}}",
      "templates/plain.mustache":
        "{{% CONTENT_TYPE: TEXT}}{{x}}{{#on}}{{% CONTENT_TYPE: HTML}}{{x}}{{/on}}{{x}}",
    ])
    let data: ConfigTable = [
      "x": "\"\u{301}<", "list": ["<i>"], "t": ConfigTree(["x": "'&'"]), "on": true,
    ]
    let raw = "\"\u{301}<"
    let escaped = "&quot;\u{301}&lt;"
    let rest = "&lt;i&gt;|[&quot;&lt;i&gt;&quot;]|&#39;&amp;&#39;"
    let pages = (bench.page("a", data), bench.page("plain", data))
    #expect(pages.0 == [escaped, escaped, rest].joined(separator: "|"))
    #expect(pages.1 == raw + escaped + raw)
  }

  @Test("show the URL of an asset, and name the place of one that is not there")
  func assets() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "x\r\n\r\n  {{> head }}",
      "templates/head.mustache":
        "<link href=\"{{#asset}} app.css {{/asset}}\">",
    ])
    #expect(
      bench.page("a", asset: { "/static/\($0)?a&b" }).contains("href=\"/static/app.css?a&amp;b\""))
    let failure = bench.page("a") {
      throw ConfigDiagnostic(location: nil, message: "there is no asset \($0)")
    }
    #expect(failure == "! templates/head.mustache:1:13: there is no asset app.css")
    let refusal = await bench.refusal(of: ["templates/head.mustache": "{{#asset}}{{x}}{{/asset}}"])
    #expect(
      refusal == [
        "templates/head.mustache:1:1: write {{#asset}}NAME{{/asset}}, with the plain name of a file"
      ])
  }

  @Test(
    "that cannot be read say where and why",
    arguments: [
      ("a\r\nb {{name", "2:3: the tag {{ is not closed with }}"),
      ("{{{x}}", "1:1: the tag {{{ is not closed with }}}"),
      ("{{x}}\n{{x}}\n{{#x}}\n{{x}}", "3:1: x is opened here and never closed; write {{/x}}"),
      ("é{{#a}}\r\n{{/b}}", "2:1: expected {{/a}}, which is opened at 1:2, found {{/b}}"),
      ("{{/x}}", "1:1: {{/x}} closes nothing; there is no open section here"),
      ("{{}}", "1:1: the tag has no name in it"),
      ("{{ a b }}", "1:5: a name has letters, digits and . - _ ? in it, found \" \""),
      ("{{f(x}}", "1:3: the brackets of a transform do not match: f(x"),
      ("{{>}}", "1:1: the tag names no template"),
      ("{{> a b}}", "1:1: a template's name has no white space in it: a b"),
      ("{{=x=}}", "1:1: delimiters are set with two of them, as in {{=<% %>=}}"),
      ("{{=<% %>=}}<%#a%><%/b%>", "1:18: expected {{/a}}, which is opened at 1:12, found {{/b}}"),
      ("{{% X: Y}}", "1:1: expected {{% CONTENT_TYPE: HTML}} or {{% CONTENT_TYPE: TEXT}}"),
      (
        "{{<p}}{{x}}{{/p}}",
        "1:7: only blocks, {{$name}}…{{/name}}, can stand in {{<p}}"
      ),
      ("{{?-x}}", "1:3: names with ?- are reserved"),
      (
        String(repeating: "{{#a}}", count: 101),
        "1:601: more than 100 sections are within each other"
      ),
    ])
  func broken(_ text: String, _ error: String) async throws {
    let bench = try await TemplateBench(["templates/a.mustache": text])
    #expect(bench.errors.first == "templates/a.mustache:\(error)")
    #expect(bench.page("a") == "! \(bench.errors.joined(separator: "\n"))")
  }

  @Test("that take in themselves as long as the data has it are rendered, a hundred deep")
  func recursion() async throws {
    let bench = try await TemplateBench([
      "templates/tree.mustache": "{{>node}}",
      "templates/node.mustache": "<{{name}}{{#children}}{{>node}}{{/children}}>",
    ])
    let data = chain(100).table ?? [:]
    let text = bench.page("tree", data)
    #expect(
      text.hasPrefix("<99<98<97") && text.hasSuffix("<1<end" + String(repeating: ">", count: 100)))
  }

  @Test(
    "that take in themselves without end fail, with the place and the way",
    arguments: [
      "{{#children}}{{>node}}{{/children}}", "{{^leaf}}{{>node}}{{/leaf}}",
      "{{#.}}{{>node}}{{/.}}", "{{^no.no}}{{>node}}{{>node}}{{/no.no}}", "{{#on}}{{>*own}}{{/on}}",
    ])
  func endless(_ text: String) async throws {
    let bench = try await TemplateBench([
      "templates/tree.mustache": "{{>node}}", "templates/node.mustache": "\r\n \(text)",
    ])
    var data = chain(3, endsWithKey: false).table ?? [:]
    data["on"] = true
    data["own"] = "node"
    let failure = bench.page("tree", data)
    #expect(failure.hasPrefix("! templates/node.mustache:2:"), "\(failure)")
    #expect(
      failure.contains("without end: templates/node.mustache → templates/node.mustache"),
      "\(failure)")
    #expect(bench.page("tree", data).hasPrefix("! "), "again, after the failure")
  }

  @Test("take computed names as any template of the language, and say where one is missing")
  func computed() async throws {
    let bench = try await TemplateBench([
      "templates/a.mustache": "{{>*kind}}{{#list}}{{>*.}}{{/list}}{{>*page.kind}}",
      "templates/x.mustache": "X{{>y}}", "templates/y.mustache": "Y", "templates/s.stencil": "S",
    ])
    #expect(
      bench.page("a", ["kind": "x", "list": ["y", "y"], "page": ConfigTree(["kind": "y"])])
        == "XYYYY")
    #expect(bench.library.dependents(of: "y") == ["templates/a.mustache", "templates/x.mustache"])
    #expect(bench.library.dependents(of: "s").isEmpty)
    #expect(
      bench.page("a", ["kind": "z"])
        == "! templates/a.mustache:1:4: there is no template z; looked for templates/z.mustache, z.mustache"
    )
    #expect(
      bench.page("a", ["kind": ConfigTree(.table([:]))])
        == "! templates/a.mustache:1:4: a template's name is a text; the data has table")
    let usage = RenderUsage()
    RenderUsage.$current.withValue(usage) { _ = bench.page("a", ["kind": "x"]) }
    #expect(
      usage.sources.map(\.description).sorted() == [
        "templates/a.mustache", "templates/x.mustache", "templates/y.mustache",
      ])
  }
}
