import Testing

@testable import HotReloadSite

@Suite("The routes of a site")
struct PageRoutesTests {
  private static let names: Set<String> = [
    "pages/index", "pages/about", "pages/articles/index", "pages/articles/first",
    "pages/_draft", "pages/_parts/card", "pages/feed.xml", "layout",
  ]
  private let routes = PageRoutes { Self.names.contains($0) }

  @Test(
    "follow the templates in pages/",
    arguments: [
      ([], "pages/index"), (["about"], "pages/about"), (["articles"], "pages/articles/index"),
      (["articles", "first"], "pages/articles/first"), (["feed.xml"], "pages/feed.xml"),
    ])
  func pages(components: [String], page: String) {
    #expect(routes.route(components, endsInSlash: false) == .page(page))
  }

  @Test("lead to nothing that is private, elsewhere or not there")
  func none() {
    for components in [
      ["_draft"], ["_parts", "card"], ["layout"], ["..", "layout"], ["nothing"],
      ["about", "index"],
      ["articles", "second"], [""],
    ] {
      #expect(routes.route(components, endsInSlash: false) == .none, "\(components)")
    }
  }

  @Test("have one path for each page")
  func redirects() {
    #expect(routes.route(["about"], endsInSlash: true) == .redirect(to: "/about"))
    #expect(routes.route(["articles"], endsInSlash: true) == .redirect(to: "/articles"))
    #expect(routes.route(["articles", "index"], endsInSlash: false) == .redirect(to: "/articles"))
    #expect(routes.route(["index"], endsInSlash: false) == .redirect(to: "/"))
  }

  @Test("never redirect to another host or with a raw control character")
  func safeRedirects() {
    let all = PageRoutes { _ in true }
    #expect(all.route(["", "evil.example"], endsInSlash: true) == .none)
    #expect(all.route(["a\r\nb", "é"], endsInSlash: true) == .redirect(to: "/a%0D%0Ab/%C3%A9"))
  }
}

@Suite("The fields of a form")
struct FormFieldsTests {
  @Test("are decoded once, in their order")
  func decoding() {
    let fields = FormFields.parse("name=Ada+Lovelace&x=%2B%252B&empty=&flag&=nameless&name=again")
    #expect(fields.map(\.name) == ["name", "x", "empty", "flag", "", "name"])
    #expect(fields.map(\.value) == ["Ada Lovelace", "+%2B", "", "", "nameless", "again"])
  }

  @Test("may be damaged")
  func damaged() {
    #expect(
      FormFields.parse("a=%&b=%4&c=%zz&d=%ff").map(\.value) == ["%", "%4", "%zz", "\u{FFFD}"])
    #expect(FormFields.parse("").isEmpty)
    let many = String(repeating: "a=b&", count: FormFields.maximumFields * 2)
    #expect(FormFields.parse(many).count == FormFields.maximumFields)
  }
}

@Suite("The built-in page")
struct BuiltInPageTests {
  @Test("shows what comes from elsewhere as text")
  func escaping() {
    let page = BuiltInPage(title: "<img src=x onerror=alert(1)>", text: "\"quoted\" & 'single'")
    #expect(!page.html.contains("<img"))
    #expect(page.html.contains("<h1>&lt;img src=x onerror=alert(1)&gt;</h1>"))
    #expect(page.html.contains("&quot;quoted&quot; &amp; &#39;single&#39;"))
  }
}
