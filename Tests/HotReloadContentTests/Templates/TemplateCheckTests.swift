import HotReload
import HotReloadContent
import HotReloadMustache
import HotReloadTesting
import Logging
import Testing
import WorkspaceTools

@Suite("A check of templates", .timeLimit(.minutes(5)))
struct TemplateCheckTests {
  @Test("finds what a reload would refuse, with its place, and keeps nothing that it compiled")
  func finds() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("templates/index.mustache", "{{>nav}}")
    try folder.write("templates/nav.mustache", "own")
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    var configuration = HotReloadConfiguration(
      quietPeriod: .zero, atomicGroups: .all, contentMode: .managed(initial: nil))
    configuration.logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let manager = try await workspace.startHotReload(configuration: configuration)
    let compiler = TemplateCompiler(engines: [MustacheEngine()])
    let templates = try await manager.register(compiler, for: [.templates])
    let compilations = compiler.compilations
    let bad = try TemporaryWorkspace()
    try bad.write("templates/index.mustache", "{{>nav}}\n{{>none}}")
    try bad.write("templates/nav.mustache", "{{#open}}")
    let found = try await manager.check(content: bad.root)
    let places = Set(found[.templates, default: []].compactMap(\.location).map { "\($0)" })
    #expect(places.isSuperset(of: ["templates/nav.mustache:1:1", "templates/index.mustache:2:4"]))
    #expect(compiler.compilations == compilations)
    #expect(try templates.current.render("index") == "own")
    let good = try TemporaryWorkspace()
    try good.write("templates/index.mustache", "{{>nav}}")
    try good.write("templates/nav.mustache", "theirs")
    #expect(try await manager.check(content: good.root).values.allSatisfy(\.isEmpty))
    #expect(try templates.current.render("index") == "own")
    let candidate = Candidate.everything(by: .other("test"), from: .folder(bad.root))
    let report = try await manager.submit(candidate)
    let refused = report.units.first { $0.unit == .templates }?.outcome.diagnostics ?? []
    #expect(Set(refused.compactMap(\.location).map { "\($0)" }) == places)
    try await manager.submit(.everything(by: .other("test"), from: .folder(good.root)))
    #expect(try templates.current.render("index") == "theirs")
    try await manager.shutdown()
  }
}
