import HotReloadContent
import Testing
import WorkspaceTools

@Suite("Stencil templates", .timeLimit(.minutes(5)))
struct StencilTests {
  @Test("show values, blocks, includes and layouts")
  func shows() async throws {
    let bench = try await TemplateBench([
      "templates/page.stencil": """
      {% extends "layout/base" %}
      {% block title %}{{ title }} - {{ block.super }}{% endblock %}
      {% block body %}
      {%- for item in items -%}
        {% include "parts/item.stencil" %}
      {%- empty %}none{% endfor %}
      {% endblock %}
      """,
      "templates/layout/base.stencil":
        "<title>{% block title %}<i>{{ site }}</i>{% endblock %}</title>{% block body %}{% endblock %}",
      "templates/parts/item.stencil": "<li>{{ item.name|uppercase }}</li>{# a comment #}",
    ])
    #expect(
      bench.page(
        "page",
        [
          "title": "A & B", "site": "<S>",
          "items": [ConfigTree(["name": "x"]), ConfigTree(["name": "y"])],
        ]) == "<title>A &amp; B - <i>&lt;S&gt;</i></title><li>X</li><li>Y</li>\n")
  }

  @Test("escape every value, unless it is said to be safe or the file to be plain text")
  func escapes() async throws {
    let bench = try await TemplateBench([
      "templates/a.html.stencil":
        "{{ x }}|{{ x|safe }}|{{ x|raw }}|{{ x|safe|uppercase }}|{{ x|escape }}|{{ x if yes else y }}|"
        + "{{ y if no else x }}|{% filter uppercase %}{{ x }}{% endfilter %}|{{ list }}|{{ none|default:x }}|"
        + "{% for block in blocks %}{{ block.super }}{% endfor %}|{{ \"<\" }}",
      "templates/a.txt.stencil": "{{ x }}",
    ])
    let data: ConfigTable = [
      "x": "<\"\u{301}", "y": "y", "yes": true, "no": false, "list": ["<"],
      "blocks": [ConfigTree(["super": "<b>"])],
    ]
    let raw = "<\"\u{301}"
    let safe = "&lt;&quot;\u{301}"
    let expected = [
      safe, raw, raw, safe, safe, safe, safe, "&LT;&QUOT;\u{301}", "[&lt;]", safe, "&lt;b&gt;",
      "&lt;",
    ]
    let shown = bench.page("a.html", data).split(separator: "|").map(String.init)
    #expect(shown == expected)
    #expect(bench.page("a.txt", data) == raw)
  }

  @Test("show the URL of an asset, and name the place of one that is not there")
  func assets() async throws {
    let bench = try await TemplateBench([
      "templates/a.stencil": "\r\n{% include \"head\" %}",
      "templates/head.stencil": "é\r\n<link href=\"{{ \"app.css\"|asset }}\">",
    ])
    #expect(bench.page("a").contains("href=\"/static/app.css\""))
    let failure = bench.page("a") {
      throw ConfigDiagnostic(location: nil, message: "there is no asset \($0)")
    }
    #expect(
      failure
        == "! templates/head.stencil:2:13: there is no asset app.css, taken in at templates/a.stencil:2:1"
    )
  }

  @Test(
    "that cannot be read say where and why",
    arguments: [
      ("a\r\nb {{ name", "2:3: the tag {{ is not closed with }}"),
      ("{{ x }}\r\n{{ x }}\r\n{{ x|nope }}", "3:4: Unknown filter 'nope'."),
      ("é{% nope %}", "1:2: Unknown template tag 'nope'"),
      (
        "\n{% if a %}\n{% for x in y %}\n{% endif %}",
        "4:1: expected {% endfor %} for {% for %} at 3:1, found {% endif %}"
      ),
      ("{% if a %}", "1:1: {% if %} is opened here and never closed; write {% endif %}"),
      ("{% block a %}x", "1:1: {% block %} is opened here and never closed; write {% endblock %}"),
      ("{% endfor %}", "1:1: {% endfor %} closes nothing"),
      ("{% else %}", "1:1: {% else %} stands in no {% if %}"),
      ("{{ }}", "1:1: the tag has no name in it"),
      ("{% include %}", "1:1: {% include %} names no template; write {% include \"NAME\" %}"),
      ("{{ \"a }}", "1:4: the text is not closed with another quotation mark"),
      ("{{ x|default:y.last }}", "1:14: y.last cannot stand here; write it without .last or [ ]"),
      (
        "{% for x y %}{% endfor %}",
        "1:1: 'for' statements should use the syntax: `for <x> in <y> [where <condition>]`."
      ),
      ("{{ x|hotreload_path }}", "1:6: names with hotreload_ are reserved"),
      ("{% hotreload_text a 1 %}", "1:4: names with hotreload_ are reserved"),
      (
        String(repeating: "{% if a %}", count: 101),
        "1:1001: more than 100 blocks are within each other"
      ),
    ])
  func broken(_ text: String, _ error: String) async throws {
    let bench = try await TemplateBench(["templates/a.stencil": text])
    #expect(
      bench.errors.first?.hasPrefix("templates/a.stencil:\(error)") == true, "\(bench.errors)")
    #expect(bench.page("a") == "! \(bench.errors.joined(separator: "\n"))")
  }

  @Test("that fail while they are rendered name the place of the tag, also of the same line twice")
  func fails() async throws {
    let bench = try await TemplateBench([
      "templates/a.stencil": "{% include name %}\r\n{% include name %}\r\n {% include other %}",
      "templates/b.stencil": "b",
    ])
    #expect(bench.page("a", ["name": "b", "other": "b"]) == "b\r\nb\r\n b")
    #expect(bench.page("a", ["name": "b"]).hasPrefix("! templates/a.stencil:3:2: "))
    #expect(
      bench.page("a", ["name": "b", "other": "c"])
        == "! templates/a.stencil:3:2: there is no template c; looked for templates/c.stencil, c.stencil"
    )
  }

  @Test("that take in themselves as long as the data has it are rendered, a hundred deep")
  func recursion() async throws {
    let bench = try await TemplateBench([
      "templates/tree.stencil": "{% include \"node\" top %}",
      "templates/node.stencil":
        "<{{ name }}{% for child in children %}{% include \"node\" child %}{% endfor %}>",
    ])
    let text = bench.page("tree", ["top": chain(100)])
    #expect(
      text.hasPrefix("<99<98<97") && text.hasSuffix("<1<end" + String(repeating: ">", count: 100)))
  }

  @Test(
    "that take in themselves without end fail, with the place and the way",
    arguments: [
      "{% for child in children %}{% include \"node\" child %}{% endfor %}",
      "{% if not leaf %}{% include \"node\" %}{% endif %}", "{% include own %}",
      "{% extends own %}",
      "{% block x %}{% include \"node\" %}{% endblock %}",
    ])
  func endless(_ text: String) async throws {
    let bench = try await TemplateBench([
      "templates/tree.stencil": "{% include \"node\" top %}",
      "templates/node.stencil": "\r\n \(text)",
    ])
    let data: ConfigTable = ["top": chain(3, endsWithKey: false), "own": "node"]
    let failure = bench.page("tree", data)
    #expect(failure.hasPrefix("! templates/node.stencil:2:"), "\(failure)")
    #expect(
      failure.contains("without end: templates/node.stencil → templates/node.stencil"), "\(failure)"
    )
  }

  @Test("do not end the process where Stencil would")
  func survives() async throws {
    let bench = try await TemplateBench([
      "templates/last.stencil":
        "{{ none.last }}{{ empty.last }}{{ list.last.name }}{{ text.last }}{{ list[which].name }}{{ forloop.last }}",
      "templates/range.stencil": "{% for x in 1...end %}{{ x }}{% endfor %}",
      "templates/indent.stencil": "{{ \"a\"|indent:width }}",
    ])
    let data: ConfigTable = [
      "empty": "", "none": [], "list": [ConfigTree(["name": "n"])], "text": "xy", "which": "last",
      "forloop": [],
    ]
    #expect(bench.page("last", data) == "nyn")
    #expect(bench.page("range", ["end": 3]) == "123" && bench.page("range", ["end": -1]) == "10-1")
    #expect(
      bench.page("range", ["end": 9_000_000_000_000])
        == "! templates/range.stencil:1:1: a range can have 100000 numbers at most")
    #expect(
      bench.page("indent", ["width": -1]).hasPrefix("! templates/indent.stencil:1:1: indent takes"))
  }

  @Test(
    "in which line breaks stand within tags are read, with either kind of them",
    arguments: ["\n", "\r\n"])
  func lineBreaks(_ ending: String) async throws {
    let bench = try await TemplateBench([
      "templates/a.stencil":
        "{% if a\(ending)  and b %}{{\(ending)x\(ending)|uppercase\(ending)}}{% endif %}"
    ])
    #expect(bench.page("a", ["a": true, "b": true, "x": "x"]) == "X", "\(bench.errors)")
  }
}
