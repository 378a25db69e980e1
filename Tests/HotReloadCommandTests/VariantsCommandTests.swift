import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload variants, and variants in other commands")
struct VariantsCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write(
      "config/app.toml",
      """
      color = "red"
      [experiment]
      name = "checkout"
      weights = { control = 3, treatment = 1 }
      test_subjects = { treatment = ["qa-1"] }
      """)
    try workspace.write("config/app@treatment.toml", "color = \"blue\"\n")
    try workspace.write("config/plain.toml", "a = 1\n")
  }

  private func run(
    _ arguments: String...
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(arguments + ["--root", workspace.root.string])
  }

  @Test("shows weights, shares, test subjects, and what a subject gets")
  func text() async throws {
    let result = try await run("variants", "app", "--subject", "qa-1", "--subject", "user-1")
    #expect(result.code == 0)
    #expect(
      result.output.prefix(5) == [
        "config app, experiment checkout, salt checkout",
        "  variant    weight    share  test subjects",
        "  control         3  75.00 %              0",
        "  treatment       1  25.00 %              1", "qa-1: treatment (a test subject)",
      ])
    #expect(result.output.last?.wholeMatch(of: /user-1: (control|treatment)/) != nil)
  }

  @Test("shows the same as JSON lines and with tabs")
  func formats() async throws {
    let json = try await run("variants", "app", "--json", "--subject", "qa-1")
    #expect(json.output.count == 2)
    #expect(
      json.output.first?.hasSuffix(
        #""config":"app","experiment":"checkout","salt":"checkout","variants":[{"name":"control","weight":3,"share":0.75,"testSubjects":0},{"name":"treatment","weight":1,"share":0.25,"testSubjects":1}]}"#
      ) == true, "\(json.output)")
    #expect(
      json.output.last?.hasSuffix(
        #""config":"app","subject":"qa-1","variant":"treatment","testSubject":true}"#) == true)
    let tsv = try await run("variants", "app", "--format", "tsv", "--subject", "qa-1")
    #expect(
      tsv.output == [
        "control\t3\t0.75\t0", "treatment\t1\t0.25\t1", "assigned\tqa-1\ttreatment\ttrue",
      ])
  }

  @Test("counts the subjects on standard input")
  func count() async throws {
    let process = try CommandProcess(
      command: [
        "/bin/sh", "-c", "seq 1 1000 | \"$0\" variants app --count --format tsv --root \"$1\"",
        CommandProcess.path(of: "hotreload"), workspace.root.string,
      ])
    let lines = try await process.output.rest()
    #expect(try await process.exitCode() == 0)
    let counts = lines.filter { $0.hasPrefix("counted") }
      .compactMap { $0.split(separator: "\t").last.flatMap { Int($0) } }
    #expect(counts.count == 2 && counts.reduce(0, +) == 1_000)
    // 750 and 250, within 4 sigma.
    #expect(counts.first.map { (695...805).contains($0) } == true, "\(counts)")
  }

  @Test("says that everybody gets control without an experiment, and cannot assign")
  func noExperiment() async throws {
    let overview = try await run("variants", "plain")
    #expect(overview.code == 0)
    #expect(
      overview.output == ["config plain, no experiment: everybody gets control", "  control"])
    let assigned = try await run("variants", "plain", "--subject", "x")
    #expect(assigned.code == 1 && assigned.errors.first?.contains("has no experiment") == true)
  }

  @Test("is what get prints of a variant, and get says which there are")
  func get() async throws {
    #expect(try await run("get", "app", "color").output == ["red"])
    #expect(try await run("get", "app", "color", "--variant", "treatment").output == ["blue"])
    #expect(try await run("get", "app", "color", "--variant", "control").output == ["red"])
    let json = try await run("get", "app", "color", "--variant", "treatment", "--json")
    #expect(
      json.output.first?.hasSuffix(
        #""config":"app","variant":"treatment","keyPath":"color","value":"blue"}"#) == true)
    let settings = try await run("get", "app", "experiment")
    #expect(settings.output.contains(#"test_subjects = "(redacted)""#))
    let missing = try await run("get", "app", "--variant", "other")
    #expect(missing.code == 1)
    #expect(
      missing.errors == [
        "hotreload: config app has no variant other; it has control, treatment"
      ])
  }

  @Test("is checked with its config, whose errors name the overlay")
  func check() async throws {
    #expect(
      try await run("check").output == [
        "app: good (config/app.toml, config/app@treatment.toml)",
        "plain: good (config/plain.toml)",
      ])
    try workspace.write("config/app@treatment.toml", "color = \n")
    let result = try await run("check", "app")
    #expect(result.code == 1)
    #expect(result.errors.first?.hasPrefix("config/app@treatment.toml:1:") == true)
    try workspace.write("config/app@other.toml", "")
    try workspace.remove("config/app@treatment.toml")
    let unknown = try await run("check", "app")
    #expect(
      unknown.errors.first
        == "config/app.toml:4:26 experiment.weights.treatment: there is no such variant; there are control, other"
    )
  }

  @Test("is explained as a layer of its config")
  func explain() async throws {
    let result = try await run("explain", workspace.path("config/app@treatment.toml").string)
    #expect(
      result.output == [
        "config/app@treatment.toml is a layer of config app; later ones win:",
        "  config/app.toml", "  config/app@treatment.toml",
      ])
  }
}
