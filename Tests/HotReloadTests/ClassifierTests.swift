import FileWatching
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("Classifying")
struct ClassifierTests {
  private static func classifier() throws -> Classifier {
    let workspace = try Workspace(
      root: "/nowhere", environment: WorkspaceEnvironment(name: "production", variables: [:]))
    let filter = try PathFilter(include: ["**"], exclude: [])
    return Classifier(
      configs: WorkspaceConfigSource(loader: ConfigLoader(workspace: workspace), filter: filter),
      groups: FileGroups(), sets: FileSets())
  }

  @Test(
    "sorts files into units",
    arguments: [
      ("config/app.toml", UnitID.config("app")),
      ("config/app.production.yaml", .config("app")),
      ("config/app.local.json", .config("app")),
      ("config/sub/app.yml", .config("sub/app")),
      ("config/app.staging.toml", .file("config/app.staging.toml")),
      ("config/notes.txt", .file("config/notes.txt")),
      ("templates/a/b.html", .templates),
      ("pages/a.mustache", .templates),
      ("static/config/app.toml", .assets),
      ("assets/a.css", .assets),
      // A combining mark after the slash, which are one character together.
      ("static/\u{301}a.css", .assets),
      ("static", .file("static")),
      ("data/x", .file("data/x")),
    ])
  func units(_ path: String, _ unit: UnitID) throws {
    #expect(try Self.classifier().unit(of: FilePath(path)) == unit)
  }

  @Test("loads the config that a renamed file belonged to as well")
  func renames() throws {
    let change = FileChange(path: "config/new.toml", kind: .renamed(from: "config/old.toml"))
    let classified = try Self.classifier().classify(
      Candidate(producer: .watcher, changes: [change]))
    #expect(classified.units == [.config("new"), .config("old")])
    #expect(classified.unitChanges == [.config("new"): [change]])
  }

  @Test("divides the patterns so that content never delays a config")
  func plan() {
    let plan = WatchPlan(
      HotReloadConfiguration(watchPatterns: ["config/*.toml", "static/**", "**/*.txt", "data/*"]))
    #expect(
      plan.parts.map(\.include) == [
        ["config/*.toml", "**/*.txt", "data/*"], ["static/**", "**/*.txt"],
      ])
    #expect(plan.parts[0].accepts(.config("a")) && !plan.parts[1].accepts(.config("a")))
    #expect(!plan.parts[0].accepts(.assets) && plan.parts[1].accepts(.assets))
  }
}
