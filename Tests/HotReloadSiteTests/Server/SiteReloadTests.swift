import HotReloadSite
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

@Suite("A change of a site", .timeLimit(.minutes(5)))
struct SiteReloadTests {
  @Test("of a template, its stylesheet and its config is one generation and one message")
  func oneSave() async throws {
    // Nothing goes out before it is asked for.
    try await RunningSite.run(quietPeriod: .seconds(2)) { site in
      let socket = try await site.socket()
      let before = site.site.manager.snapshot().generation
      try site.folder.replace("static/app.css", "h1 { color: blue }\n")
      try site.folder.replace("config/site.toml", "title = \"Tea\"\n")
      try site.folder.replace(
        "templates/pages/index.mustache",
        "{{<layout}}{{$body}}<h2>{{site.title}}</h2>{{/body}}{{/layout}}")
      try await site.sync()
      #expect(site.site.manager.snapshot().generation == before + 1)
      // One save more: between the two there is nothing.
      try site.folder.write("config/last.toml", "x = 1\n")
      try await site.sync()
      let messages = try await socket.talk { try $0.receiveMessages("update", "update") }
      #expect(messages[1].generation == before + 2)
      let update = messages[0]
      #expect(update.generation == before + 1)
      #expect(update.uses == ["config:site", "templates/pages/index.mustache"])
      let style = try #require(update.styles?.first)
      #expect(style.path == "/static/app.css" && style.old != nil && style.old != style.url)
      #expect(update.styles?.count == 1 && update.images?.isEmpty == true && update.all == false)
      let page = try await site.page()
      #expect(page.text.contains("<h2>Tea</h2>") && page.text.contains(style.url))
      #expect(page.text.contains("data-generation=\"\(before + 2)\""))
    }
  }

  @Test(
    "that breaks a template leaves the old page, and is told with the lines around it until it is mended"
  )
  func brokenTemplate() async throws {
    try await RunningSite.run { site in
      let socket = try await site.socket()
      try site.folder.replace("templates/pages/index.mustache", "one\n{{#open}}\nthree\n")
      try await site.sync()
      let error = try await socket.talk { try $0.receiveMessage() }
      #expect(error.type == "error")
      let wrong = try #require(error.errors?.first)
      #expect(wrong.file == "templates/pages/index.mustache" && wrong.line == 2)
      #expect(wrong.message.contains("never closed"))
      #expect(wrong.excerpt?.first == 1 && wrong.excerpt?.lines.contains("{{#open}}") == true)
      let page = try await site.page()
      #expect(page.status == 200 && page.text.contains("<h1>Coffee</h1>"))
      try site.folder.replace("templates/pages/index.mustache", "one\n{{#open}}{{/open}}\nthree\n")
      try await site.sync()
      _ = try await socket.talk { try $0.receiveMessages("update", "clear") }
      #expect(try await site.page().text.contains("three"))
    }
  }

  @Test("that mends it to what it was before says so, and nothing else")
  func undone() async throws {
    try await RunningSite.run { site in
      let socket = try await site.socket()
      let good = try site.folder.text("templates/pages/index.mustache")
      try site.folder.replace("templates/pages/index.mustache", "{{#open}}")
      try await site.sync()
      try site.folder.replace("templates/pages/index.mustache", good)
      try await site.sync()
      _ = try await socket.talk { try $0.receiveMessages("error", "clear") }
    }
  }

  @Test(
    "may come after a start with a broken template: its page says what is wrong, all others are there"
  )
  func brokenStart() async throws {
    try await RunningSite.run(
      prepare: { try $0.write("templates/pages/bad.mustache", "{{#open}}") }
    ) { site in
      #expect(try await site.page("/").status == 200)
      let bad = try await site.page("/bad")
      #expect(bad.status == 500 && bad.text.contains("templates/pages/bad.mustache:1:1"))
      // Another template can be changed although this one is still broken.
      try site.folder.replace("templates/pages/index.mustache", "changed")
      try await site.sync()
      #expect(try await site.page("/").text.contains("changed"))
      try site.folder.replace("templates/pages/bad.mustache", "good")
      try await site.sync()
      #expect(try await site.page("/bad").text.contains("good"))
    }
  }

  @Test("may come after a start with a broken config, which is told to who comes")
  func brokenConfig() async throws {
    try await RunningSite.run(prepare: { try $0.replace("config/site.toml", "title = \n") }) {
      site in
      #expect(try await site.page("/").status == 200)
      let socket = try await site.socket()
      let error = try await socket.talk { try $0.receiveMessage() }
      #expect(error.type == "error" && error.errors?.first?.file == "config/site.toml")
      try site.folder.replace("config/site.toml", "title = \"Tea\"\n")
      try await site.sync()
      let messages = try await socket.talk { try $0.receiveMessages("update", "clear") }
      // Nobody knows which pages asked for a config that was not there.
      #expect(messages[0].all == true)
      #expect(try await site.page("/").text.contains("<h1>Tea</h1>"))
    }
  }

  @Test("of a config concerns the pages that read it, and no others")
  func configs() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache": "<html><head></head>{{site.title}}</html>",
      "templates/pages/menu.mustache": "<html><head></head>{{>part}}</html>",
      "templates/part.mustache": "{{#shop}}{{#menu}}{{name}}{{/menu}}{{/shop}}",
      "templates/pages/stencil.stencil":
        "<html><head></head>{% include \"part2\" %}{# site #}</html>",
      "templates/part2.stencil": "{% if shop.open %}{{ shop.menu.name }}{% endif %}",
      "templates/pages/neither.stencil": "<html><head></head>site shop</html>",
      "templates/pages/all.mustache": "{{% CONTENT_TYPE: TEXT}}<html><head></head>{{.}}</html>",
      "config/site.toml": "title = \"T\"\n", "config/shop.toml": "open = true\n",
      "config/shop/menu.toml": "name = \"M\"\n", "config/other.toml": "x = 1\n",
    ]) { site in
      func configs(_ target: String) async throws -> [String]? {
        try await site.page(target).uses?.filter { $0.hasPrefix("config:") }
      }
      #expect(try await configs("/") == ["config:site"])
      #expect(try await configs("/menu") == ["config:shop", "config:shop/menu"])
      #expect(try await configs("/stencil") == ["config:shop", "config:shop/menu"])
      #expect(try await configs("/neither") == [])
      #expect(
        try await configs("/all")
          == ["config:other", "config:shop", "config:shop/menu", "config:site"])
      let socket = try await site.socket()
      try site.folder.replace("config/shop/menu.toml", "name = \"N\"\n")
      try await site.sync()
      #expect(try await socket.talk { try $0.receiveMessage() }.uses == ["config:shop/menu"])
      #expect(try await site.page("/stencil").text.contains("N"))
      // One that comes could be looked for by any page.
      try site.folder.write("config/new.toml", "x = 1\n")
      try await site.sync()
      #expect(try await socket.talk { try $0.receiveMessage() }.all == true)
    }
  }
}
