import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The configuration")
struct HotReloadConfigurationTests {
  @Test("has the specification's defaults")
  func defaults() throws {
    let configuration = HotReloadConfiguration()
    #expect(configuration.debounce == .milliseconds(500))
    #expect(configuration.validateBeforeReload && !configuration.backupOnChange)
    #expect(configuration.excludePatterns == ["**/*.tmp", "**/*.swp", "**/*~", "**/.*"])
    let filter = try configuration.filter()
    #expect(filter.matches("templates/a.mustache") && !filter.matches("templates/a.mustache~"))
    #expect(configuration.watchPatterns.contains("config/**/*.yml"))
    try configuration.validate()
    #expect(configuration.differences(from: HotReloadConfiguration()).isEmpty)
  }

  @Test("names everything that is wrong with it")
  func invalid() {
    let configuration = HotReloadConfiguration(
      watchPatterns: ["config/[a"], debounce: .zero, quietPeriod: .seconds(-1),
      maxWait: .zero, atomicGroups: [["a", "b"], ["b", "c"]], pollInterval: .zero)
    #expect {
      try configuration.validate()
    } throws: { error in
      let text = "\(error)"
      return [
        "watchPatterns", "debounce", "quietPeriod", "maxWait", "pollInterval", "config b",
      ].allSatisfy(text.contains)
    }
  }

  @Test("of hotreload.toml wins over the program's")
  func settings() throws {
    let folder = try TemporaryWorkspace()
    let workspace = try Workspace(root: folder.root)
    let base = HotReloadConfiguration(debounce: .seconds(1), quietPeriod: .milliseconds(5))
    #expect(try base.applyingSettings(of: workspace).differences(from: base).isEmpty)
    try folder.write(
      "hotreload.toml",
      """
      debounce_ms = 100
      max_wait_ms = 3000
      watch_patterns = ["config/**"]
      exclude_patterns = []
      validate_before_reload = false
      backup_on_change = true
      atomic_groups = [["a", "b"]]
      backend = "polling"
      poll_interval_ms = 50

      [load]
      interpolation = true
      maximum_file_size = 1000
      """)
    let configuration = try base.applyingSettings(of: workspace)
    #expect(configuration.debounce == .milliseconds(100))
    #expect(configuration.quietPeriod == .milliseconds(5))
    #expect(configuration.maxWait == .seconds(3))
    #expect(configuration.watchPatterns == ["config/**"])
    #expect(configuration.excludePatterns == [])
    #expect(!configuration.validateBeforeReload && configuration.backupOnChange)
    #expect(configuration.atomicGroups == [["a", "b"]])
    #expect(configuration.backend == .polling)
    #expect(configuration.pollInterval == .milliseconds(50))
    #expect(configuration.loadOptions?.interpolation == true)
    #expect(configuration.loadOptions?.maximumFileSize == 1000)
    #expect(configuration.differences(from: base).count == 10)
    try folder.write("hotreload.toml", "atomic_groups = \"all\"")
    #expect(try base.applyingSettings(of: workspace).atomicGroups == .all)
    // Commands are not a manager's business.
    try folder.write("hotreload.toml", "[[handler]]\nmatch = \"**\"\nrun = [\"true\"]\n")
    #expect(try base.applyingSettings(of: workspace).differences(from: base).isEmpty)
  }

  @Test(
    "of hotreload.toml that is wrong is refused with the place",
    arguments: [
      ("debounce_ms = 100\nwatch = 1", "hotreload.toml:2:1 watch: unknown setting"),
      ("[load]\nspeed = 1", "hotreload.toml:2:1 load.speed: unknown setting"),
      ("debounce_ms = \"x\"", "hotreload.toml:1:15 debounce_ms:"),
      ("backend = \"magic\"", "hotreload.toml:1:11 backend"),
      ("debounce_ms = ", "hotreload.toml:1:"),
      ("debounce_ms = 0", "debounce is 0.0 seconds"),
    ])
  func wrongSettings(_ text: String, _ expected: String) async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("hotreload.toml", text)
    let workspace = try Workspace(root: folder.root)
    await #expect {
      _ = try await workspace.startHotReload(changes: ScriptedChangeSource().factory)
    } throws: { error in
      (error as? HotReloadError)?.code == .invalidConfiguration
        && "\(error)".contains(expected)
    }
    // Mended, the same workspace can be started.
    try folder.remove("hotreload.toml")
    let manager = try await workspace.startHotReload(changes: ScriptedChangeSource().factory)
    try await manager.shutdown()
  }
}
