import HotReload
import HotReloadContent
import HotReloadMustache
import HotReloadStencil
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Templates of a workspace", .timeLimit(.minutes(5)))
struct TemplateReloadTests {
  private struct Site {
    let folder: TemporaryWorkspace
    let manager: HotReloadManager
    let templates: ParticipantRegistration<TemplateLibrary>
    let compiler: TemplateCompiler

    init(_ files: [FilePath: String], policy: TemplateCompiler.Policy = .strict) async throws {
      folder = try TemporaryWorkspace()
      for (path, text) in files { try folder.write(path, text) }
      let workspace = try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
      manager = try await workspace.startHotReload(
        configuration: HotReloadConfiguration(quietPeriod: .zero))
      compiler = TemplateCompiler(engines: [MustacheEngine(), StencilEngine()], policy: policy)
      do {
        templates = try await manager.register(compiler, for: [.templates], name: "templates")
      } catch {
        try await manager.shutdown()
        throw error
      }
    }

    func save(_ path: FilePath, _ text: String) async throws {
      try folder.replace(path, text)
      try await manager.sync()
    }

    func page(_ name: String) throws -> String {
      try templates.current.render(name, RenderContext(data: ConfigTree(["title": "T"])))
    }
  }

  private static let files: [FilePath: String] = [
    "templates/pages/index.mustache": "{{>parts/head}} index",
    "templates/pages/about.mustache": "about", "templates/parts/head.mustache": "<{{title}}>",
  ]

  @Test("are compiled anew when a partial is saved: that file only, and its dependents are known")
  func partial() async throws {
    let site = try await Site(Self.files)
    let before = site.templates.current
    #expect(try site.page("pages/index") == "<T> index" && site.compiler.compilations == 3)
    try await site.save("templates/parts/head.mustache", "[{{title}}]")
    #expect(try site.page("pages/index") == "[T] index" && site.compiler.compilations == 4)
    #expect(
      site.templates.current.dependents(of: "parts/head", transitive: true) == [
        "templates/pages/index.mustache"
      ])
    #expect(try before.render("pages/about") == "about")
    #expect(try before.render("parts/head") == "<>", "a library never changes")
    try await site.manager.shutdown()
  }

  @Test("are served as they were while one is broken, and as they are when it is mended")
  func broken() async throws {
    let site = try await Site(Self.files)
    try await site.save("templates/parts/head.mustache", "\r\n{{#title}}")
    #expect(try site.page("pages/index") == "<T> index")
    #expect(
      await site.manager.status().rejected["templates"]?.map {
        "\($0.location, default: "-") \($0.message)"
      } == [
        "templates/parts/head.mustache:2:1 title is opened here and never closed; "
          + "write {{/title}}"
      ])
    try site.folder.remove("templates/parts/head.mustache")
    try await site.manager.sync()
    #expect(
      await site.manager.status().rejected["templates"]?.map { "\($0.location, default: "-")" } == [
        "templates/pages/index.mustache:1:4"
      ])
    #expect(try site.page("pages/index") == "<T> index")
    try await site.save("templates/parts/head.mustache", "mended")
    #expect(try site.page("pages/index") == "mended index")
    #expect(await site.manager.status().rejected.isEmpty)
    try await site.manager.shutdown()
  }

  @Test(
    "that are broken from the start are an error, or wait to be mended if the compiler is lenient")
  func start() async throws {
    var files = Self.files
    files["templates/parts/head.mustache"] = "{{#title}}"
    await #expect(throws: HotReloadError.self) { try await Site(files) }
    let site = try await Site(files, policy: .lenient)
    #expect(site.templates.current.errors.count == 1)
    #expect(throws: TemplateError.self) { try site.page("pages/index") }
    try await site.save("templates/pages/about.mustache", "about us")
    #expect(try site.page("pages/about") == "about us")
    try await site.save("templates/parts/head.mustache", "head")
    #expect(try site.page("pages/index") == "head index")
    try await site.manager.shutdown()
  }

  @Test("that lie elsewhere are named by their path from the root")
  func elsewhere() async throws {
    var configuration = HotReloadConfiguration(quietPeriod: .zero)
    configuration.watchPatterns += ["mail/**/*.mustache"]
    let folder = try TemporaryWorkspace()
    try folder.write("mail/hello.mustache", "{{>mail/foot}}")
    try folder.write("mail/foot.mustache", "foot")
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
    let manager = try await workspace.startHotReload(configuration: configuration)
    let templates = try await manager.register(
      TemplateCompiler(engines: [MustacheEngine()]), for: [.templates])
    #expect(try templates.current.render("mail/hello") == "foot")
    try await manager.shutdown()
  }
}
