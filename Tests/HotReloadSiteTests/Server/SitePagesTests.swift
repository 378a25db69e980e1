import HotReloadSite
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

@Suite("The pages of a site", .timeLimit(.minutes(5)))
struct SitePagesTests {
  @Test("are templates in both languages, by their paths, with configs of any depth")
  func pages() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache":
        "<h1>{{site.title}}</h1>{{#shop.menu.items}}[{{.}}]{{/shop.menu.items}}",
      "templates/pages/about.stencil":
        "<p>{{ site.title }} {{ shop.open }} {{ shop.menu.items.1 }}</p>",
      "templates/pages/articles/index.mustache": "all",
      "templates/pages/articles/first crack.mustache": "{{request.path}} {{request.query.q}}",
      "templates/pages/articles/_draft.mustache": "draft",
      "templates/pages/feed.xml.mustache": "<feed>{{site.title}}</feed>",
      "config/site.toml": "title = \"A & B\"\n", "config/shop.toml": "open = \"yes\"\n",
      "config/shop/menu.yaml": "items: [tea, coffee]\n",
    ]) { site in
      let rows = [
        ("/", "<h1>A &amp; B</h1>[tea][coffee]"), ("/about", "<p>A &amp; B yes coffee</p>"),
        ("/articles", "all"),
        ("/articles/first%20crack?q=%3Cb%3E", "/articles/first crack &lt;b&gt;"),
        ("/feed.xml", "<feed>A &amp; B</feed>"),
      ]
      for (target, expected) in rows {
        let page = try await site.page(target)
        #expect(page.status == 200 && page.text.contains(expected), "\(target): \(page.text)")
        #expect(page.head.contains("x-content-type-options: nosniff"))
      }
      #expect(try await site.page("/").head.contains("content-type: text/html; charset=utf-8"))
      let feed = try await site.page("/feed.xml")
      #expect(
        feed.head.contains("content-type: application/xml")
          || feed.head.contains("content-type: text/xml"))
      #expect(!feed.text.contains("<script"))
      #expect(try await site.page("/articles/_draft").status == 404)
    }
  }

  @Test("have one address each, to which the others lead with the query")
  func redirects() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache": "home", "templates/pages/a/index.mustache": "a",
      "templates/pages/caf\u{e9}.mustache": "c",
    ]) { site in
      let rows = [
        ("/a/", "/a"), ("/a/index", "/a"), ("/index", "/"), ("/a/?q=1&r=%20", "/a?q=1&r=%20"),
        ("//a/", "/a"), ("/./a/", "/a"), ("/caf%C3%A9/", "/caf%c3%a9"),
      ]
      for (target, location) in rows {
        let answer = try await site.request(target)
        #expect(answer.status == 308, "\(target)")
        #expect(answer.has("location: \(location)\r\n"), "\(target): \(answer.head)")
      }
      // Never to another host.
      for target in [
        "//evil.example/", "//evil.example/index", "/%2F/evil.example/", "/\\evil.example/",
      ] {
        let answer = try await site.request(target)
        #expect([400, 404].contains(answer.status) && !answer.has("location:"), "\(target)")
      }
    }
  }

  @Test(
    "that are not there are 404, with a page of the site's own or a plain one that says where one would be"
  )
  func notFound() async throws {
    try await RunningSite.run { site in
      let plain = try await site.page("/none/<here>".replacing("<here>", with: "%3Chere%3E"))
      #expect(plain.status == 404)
      #expect(plain.text.contains("templates/pages/none/&lt;here&gt;.mustache"))
      #expect(plain.uses == nil, "any change may be the one that brings the page")
      try site.folder.write(
        "templates/errors/404.mustache", "<html><p>lost: {{request.path}}</p></html>")
      try await site.sync()
      let own = try await site.page("/none/%3Chere%3E")
      #expect(own.status == 404 && own.text.contains("<p>lost: /none/&lt;here&gt;</p>"))
      let uses = try #require(own.uses)
      #expect(uses.contains("templates/errors/404.mustache"))
      // The page that would be there: when it comes, this one is made anew.
      #expect(uses.contains("templates/pages/none/<here>.stencil"))
      let socket = try await site.socket()
      try site.folder.write("templates/pages/none/<here>.stencil", "found")
      try await site.sync()
      let update = try await socket.talk { try $0.receiveMessage() }
      #expect(update.uses?.contains("templates/pages/none/<here>.stencil") == true)
      #expect(try await site.page("/none/%3Chere%3E").status == 200)
    }
  }

  @Test("whose rendering fails say why, escaped, on a page of the site's own or a plain one")
  func failures() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache": "fine",
      "templates/pages/bad.mustache": "a\n  {{#asset}}<b>.css{{/asset}}",
    ]) { site in
      let plain = try await site.page("/bad")
      #expect(plain.status == 500)
      #expect(plain.text.contains("templates/pages/bad.mustache:2:3"), "\(plain.text)")
      #expect(plain.text.contains("&lt;b&gt;.css") && !plain.text.contains("<b>"))
      #expect(try await site.page("/").status == 200)
      try site.folder.write(
        "templates/errors/error.mustache",
        "<html><h1>oh</h1>{{#error.messages}}<pre>{{.}}</pre>{{/error.messages}}</html>")
      try await site.sync()
      let own = try await site.page("/bad")
      #expect(own.status == 500 && own.text.contains("<h1>oh</h1>"))
      #expect(own.text.contains("<pre>templates/pages/bad.mustache:2:3"))
      // An error page that fails itself is no reason to say nothing.
      try site.folder.write("templates/errors/error.mustache", "{{#asset}}none.css{{/asset}}")
      try await site.sync()
      let last = try await site.page("/bad")
      #expect(last.status == 500 && last.text.contains("&lt;b&gt;.css"))
    }
  }

  @Test("show the form that was posted to them, and say that they are answers to it")
  func forms() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache": "home",
      "templates/pages/contact.stencil":
        "<html><head></head><p>{{ request.method }} {{ request.form.name }} {{ request.query.q }}</p></html>",
    ]) { site in
      let type = "Content-Type: application/x-www-form-urlencoded"
      let page = try await site.page(
        "/contact?q=1", method: "POST", [type], body: "name=J%C3%BCrgen+%3Cb%3E&other=x")
      #expect(page.status == 200)
      #expect(page.text.contains("<p>POST Jürgen &lt;b&gt; 1</p>"))
      #expect(page.text.contains(#"data-method="POST""#))
      #expect(try await site.page("/contact").text.contains("data-method") == false)
      let parameter = try await site.page(
        "/contact", method: "POST", ["\(type); charset=utf-8"], body: "name=x")
      #expect(parameter.text.contains("<p>POST x </p>"))
      #expect(try await site.page("/contact", method: "POST", ["Content-Length: 0"]).status == 200)
      for other in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        let refused = try await site.page(
          "/contact", method: "POST", ["Content-Type: \(other)"], body: "name=x")
        #expect(refused.status == 415, "\(other)")
      }
      // The most that is taken, and one byte more.
      for (count, status) in [(1 << 20, 200), ((1 << 20) + 1, 413)] {
        let body = "name=" + String(repeating: "x", count: count - 5)
        let answer = try await site.page("/contact", method: "POST", [type], body: body)
        #expect(answer.status == status)
      }
      #expect(try await site.isWell())
    }
  }

  @Test("have no body for HEAD, and take no other method than GET, HEAD and POST")
  func methods() async throws {
    try await RunningSite.run { site in
      let head = try await site.page("/", method: "HEAD")
      #expect(head.status == 200 && head.text.isEmpty && head.head.contains("text/html"))
      #expect(try await site.page("/none", method: "HEAD").text.isEmpty)
      for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let answer = try await site.page("/", method: method)
        #expect(answer.status == 405 && answer.head.contains("allow: get, head, post"), "\(method)")
      }
      #expect(try await site.isWell())
    }
  }

  @Test("need no templates/ folder to begin with")
  func empty() async throws {
    try await RunningSite.run([:]) { site in
      let page = try await site.page("/")
      #expect(page.status == 404)
      #expect(page.text.contains("templates/pages/index.mustache"))
      try site.folder.write("templates/pages/index.mustache", "<h1>first</h1>")
      try await site.sync()
      #expect(try await site.page("/").text.contains("<h1>first</h1>"))
    }
  }
}
