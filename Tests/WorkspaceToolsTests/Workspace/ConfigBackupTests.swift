import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import WorkspaceTools

@Suite("Backups of configs")
struct ConfigBackupTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  private func mode(_ path: FilePath) throws -> UInt32 {
    let stamp = folder.path(path).withPlatformString {
      FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: false)
    }
    return try #require(stamp).mode & 0o7777
  }

  @Test("A backup has the file's content, permissions, time and generation")
  func create() async throws {
    try folder.write("config/app.toml", "not [ even toml")
    try folder.setMode("config/app.toml", 0o640)
    let before = SystemCalls.currentTime() / 1_000_000
    let backup = try await workspace.createConfigBackup(of: "config/app.toml", generation: 42)
    #expect(backup.source == "config/app.toml")
    #expect((before...before + 60_000).contains(backup.milliseconds))
    #expect(backup.path.removingLastComponent() == "data/backups/configs")
    let name = try #require(backup.path.lastComponent?.string)
    #expect(try /\d{8}_\d{6}_\d{3}-g42_app\.toml/.wholeMatch(in: name) != nil)
    #expect(try folder.text(backup.path) == "not [ even toml")
    #expect(try mode(backup.path) == 0o640)
    #expect(try await workspace.configBackups(of: "config/app.toml") == [backup])
  }

  @Test("Files of one name in several places do not get into each other's way")
  func places() async throws {
    let paths: [FilePath] = [
      "config/app.toml", "config/sub/app.toml", ".app.toml", "config/app.local.toml",
      "config/g4_app.toml",
    ]
    for path in paths {
      try folder.write(path, path.string)
      try await workspace.createConfigBackup(of: path)
    }
    let backups = try await workspace.configBackups()
    #expect(Set(backups.map(\.source)) == Set(paths))
    for path in paths {
      let own = try await workspace.configBackups(of: folder.root.pushing(path))
      #expect(own.map(\.source) == [path])
      #expect(own.map(\.generation) == [nil])
      #expect(try folder.text(try #require(own.first).path) == path.string)
    }
  }

  @Test("Backups within one millisecond are all kept, the newest listed first")
  func sameMoment() throws {
    let store = ConfigBackupStore(
      workspace: workspace, limits: ConfigBackupLimits(), now: { 1_764_054_853_123_999_999 })
    let backups = try (0..<5).map { number in
      try store.add(layer("\(number)"), generation: UInt64(number))
    }
    #expect(backups.first?.path.lastComponent == "20251125_071413_123-g0_app.toml")
    #expect(store.list(of: "config/app.toml") == backups.reversed())
    #expect(try backups.map { try folder.text($0.path) } == ["0", "1", "2", "3", "4"])
  }

  private func layer(_ text: String) -> RecordedLayer {
    RecordedLayer(
      path: "config/app.toml", layer: .base, format: .toml, mode: [.ownerReadWrite],
      bytes: Array(text.utf8))
  }

  @Test("The oldest beyond count and age go, the newest never")
  func bounds() throws {
    func add(day: Int64, _ limits: ConfigBackupLimits) throws {
      let store = ConfigBackupStore(
        workspace: workspace, limits: limits, now: { day * 86_400_000_000_000 })
      _ = try store.add(layer("x"), generation: UInt64(day))
    }
    func generations() -> [UInt64] {
      ConfigBackupStore(workspace: workspace, limits: ConfigBackupLimits())
        .list(of: nil).compactMap(\.generation)
    }
    let count = ConfigBackupLimits(maximumCount: 3)
    for day in 1...5 { try add(day: Int64(day), count) }
    #expect(generations() == [5, 4, 3])
    try add(day: 6, ConfigBackupLimits(maximumAge: .seconds(2 * 86_400)))
    #expect(generations() == [6, 5, 4])
    try add(day: 7, ConfigBackupLimits(maximumCount: 0, maximumAge: .zero))
    #expect(generations() == [7])
    // A clock that was set back makes older backups, which are not the newest.
    try add(day: 2, ConfigBackupLimits(maximumCount: 1))
    #expect(generations() == [7])
  }

  @Test(
    "A file that is no config, or not there, is refused",
    arguments: ["data/x.toml", "../config/app.toml", "config/app.txt", ""])
  func refused(path: String) async throws {
    await #expect(throws: ConfigError.self) {
      try await workspace.createConfigBackup(of: FilePath(path))
    }
    await #expect { try await workspace.createConfigBackup(of: "config/app.toml") } throws: {
      ($0 as? ConfigError)?.code == .missing
    }
    #expect(!folder.exists("data"))
  }

  @Test("A link out of the root is not followed for a backup")
  func outside() async throws {
    let other = try TemporaryWorkspace()
    try other.write("secret.toml", "a = 1")
    try folder.symlink("config/app.toml", to: other.path("secret.toml"))
    await #expect { try await workspace.createConfigBackup(of: "config/app.toml") } throws: {
      ($0 as? ConfigError)?.code == .outsideRoot
    }
  }

  @Test("Restoring puts content and permissions back, and keeps what was there")
  func restore() async throws {
    try folder.write("config/app.toml", "a = 1\n")
    try folder.setMode("config/app.toml", 0o600)
    let backup = try await workspace.createConfigBackup(of: "config/app.toml")
    try folder.write("config/app.toml", "a = 2\n")
    try folder.setMode("config/app.toml", 0o644)
    #expect(try await workspace.restoreConfigBackup(backup) == "config/app.toml")
    #expect(try folder.text("config/app.toml") == "a = 1\n")
    #expect(try mode("config/app.toml") == 0o600)
    let newest = try #require(try await workspace.configBackups(of: "config/app.toml").first)
    #expect(try folder.text(newest.path) == "a = 2\n")
    try folder.remove("config")
    try await workspace.restoreConfigBackup(newest)
    #expect(try folder.text("config/app.toml") == "a = 2\n")
  }

  @Test("A file of another format in its place is not made a second base")
  func otherFormat() async throws {
    try folder.write("config/app.toml", "a = 1\n")
    let backup = try await workspace.createConfigBackup(of: "config/app.toml")
    try folder.rename("config/app.toml", to: "config/app.yaml")
    await #expect { try await workspace.restoreConfigBackup(backup) } throws: { error in
      (error as? ConfigError)?.code == .duplicateBase(["config/app.yaml", "config/app.toml"])
    }
    #expect(!folder.exists("config/app.toml"))
  }
}
