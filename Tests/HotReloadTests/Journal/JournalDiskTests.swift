import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

/// A small file system of its own, which only root can have.
final class SmallDisk: Sendable {
  let place: TemporaryWorkspace
  /// Where it is mounted.
  let root: FilePath
  static var isPossible: Bool { geteuid() == 0 }

  convenience init(kilobytes: Int) throws {
    try self.init(kilobytes: kilobytes, at: "", in: TemporaryWorkspace(prefix: "disk"))
  }

  /// On a folder that is there.
  init(kilobytes: Int, at path: FilePath, in place: TemporaryWorkspace) throws {
    self.place = place
    root = path.isEmpty ? place.root : place.path(path)
    let result = mount("tmpfs", root.string, "tmpfs", 0, "size=\(kilobytes)k")
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  func setReadOnly(_ isReadOnly: Bool) throws {
    let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
    guard mount("tmpfs", root.string, "tmpfs", flags, nil) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  /// Leaves not a byte of room.
  func fill() throws {
    let file = try FileDescriptor.open(
      filler, .writeOnly, options: .create, permissions: .ownerReadWrite)
    defer { try? file.close() }
    let zeros = [UInt8](repeating: 0, count: 4096)
    do {
      while true { _ = try file.writeAll(zeros) }
    } catch Errno.noSpace {}
  }

  /// Gives the room back.
  func empty() throws { try place.remove(filler) }

  private var filler: FilePath { root.appending("filler") }

  deinit { umount2(root.string, CInt(MNT_DETACH)) }
}

@Suite(
  "A journal on a disk that fails",
  .enabled(if: SmallDisk.isPossible, "only root can mount a file system"))
struct JournalDiskTests {
  /// More than fits into what is left of a page.
  private func large(_ fixture: JournalFixture, _ generation: UInt64) throws -> KeptContent {
    try fixture.content(
      "app", generation, "a = \(generation)\n" + String(repeating: "#", count: 9000))
  }

  @Test("A full disk costs nothing but a degraded state, and no old content; then it catches up")
  func full() async throws {
    let disk = try SmallDisk(kilobytes: 256)
    let fixture = try JournalFixture(in: disk.place.root)
    let healths = Locked<[JournalHealth]>([])
    let journal = fixture.open(
      JournalOptions(
        backups: ConfigBackupLimits(), retryInterval: .milliseconds(5),
        onHealthChange: { health in healths.change { $0.append(health) } }))
    journal.record(.applied(try large(fixture, 1)))
    journal.record(.lastGood(try large(fixture, 1)))
    await journal.flush()
    try disk.fill()

    let attempt = journal.beginAttempt(generation: 2, units: [try large(fixture, 2).record.key])
    journal.record(.applied(try large(fixture, 2)))
    journal.record(.lastGood(try large(fixture, 2)))
    journal.closeAttempt(attempt, .survived)
    // The page that the file ends in takes some more lines.
    for generation in UInt64(3)...80 {
      journal.closeAttempt(journal.beginAttempt(generation: generation, units: []), .abandoned)
    }
    await journal.flush()
    guard case .degraded(let reason) = journal.health else {
      Issue.record("it says that it is healthy")
      return
    }
    #expect(reason.contains("No space left"))
    let before = JournalScan(try fixture.folder.read(JournalFixture.file))
    #expect(before.garbage.isEmpty && !before.isTorn)
    #expect(before.state.lastGood[.config("app")]?.map(\.generation) == [1])
    #expect(try journal.layers(of: try large(fixture, 1).record) == large(fixture, 1).layers)
    #expect(try await fixture.workspace.configBackups().map(\.generation) == [1])

    try disk.empty()
    await eventually { journal.health == .healthy }
    #expect(journal.dropped == 0)
    #expect(healths.current.count >= 2)
    #expect(healths.current.last == .healthy)
    let after = JournalScan(try fixture.folder.read(JournalFixture.file))
    #expect(after.garbage.isEmpty)
    #expect(after.state.lastGood[.config("app")]?.last?.generation == 2)
    #expect(after.state.open.isEmpty)
    #expect(after.state.highestGeneration == 80)
    #expect(try await fixture.workspace.configBackups().map(\.generation) == [2, 1])
    await journal.close()
  }

  @Test("What does not fit into the queue meanwhile is counted, and said; the last good is kept")
  func overflow() async throws {
    let disk = try SmallDisk(kilobytes: 128)
    let fixture = try JournalFixture(in: disk.place.root)
    let journal = fixture.open(
      JournalOptions(queueLimit: 4, retryInterval: .milliseconds(5)))
    await journal.flush()
    try disk.fill()
    journal.record(.lastGood(try large(fixture, 1)))
    for generation in UInt64(2)...20 { journal.record(.applied(try large(fixture, generation))) }
    await journal.flush()
    #expect(journal.dropped == 16)
    #expect(journal.health != .healthy)
    try disk.empty()
    await eventually { journal.health == .healthy }
    await journal.close()
    let opening = try await fixture.use()
    #expect(opening.lastGood[.config("app")]?.generation == 1)
    #expect(opening.nextGeneration == 21)
  }

  @Test("On a read-only disk it knows what was there, and writes when it can")
  func readOnly() async throws {
    let disk = try SmallDisk(kilobytes: 256)
    let fixture = try JournalFixture(in: disk.place.root)
    let content = try fixture.content(3)
    try await fixture.use { journal in
      journal.record(.lastGood(content))
      journal.record(.quarantined(try fixture.content(1).record.key, reason: "x"))
    }
    try disk.setReadOnly(true)
    let journal = fixture.open(JournalOptions(retryInterval: .milliseconds(5)))
    #expect(journal.opening.lastGood == [.config("app"): content.record])
    #expect(journal.isQuarantined(try fixture.content(1).record.key))
    guard case .degraded(let reason) = journal.health else {
      Issue.record("it says that it is healthy")
      return
    }
    #expect(reason.contains("Read-only"))
    let attempt = journal.beginAttempt(generation: 4, units: [])
    journal.record(.applied(try fixture.content(4)))
    journal.closeAttempt(attempt, .survived)
    await journal.flush()
    try disk.setReadOnly(false)
    await eventually { journal.health == .healthy }
    #expect(try journal.reader.content(of: .config("app")).generation == 4)
    await journal.close()
    let opening = try await fixture.use()
    #expect(opening.folder?.lastComponent == "default")
    #expect(opening.endedCleanly == true)
    #expect(opening.findings.isEmpty)
    #expect(opening.nextGeneration == 5)
  }

  @Test("A backup on a full or read-only disk is an error that says so, and harms no backup")
  func backups() async throws {
    let disk = try SmallDisk(kilobytes: 64)
    let fixture = try JournalFixture(in: disk.place.root)
    try fixture.folder.write("config/app.toml", "a = 1\n")
    let backup = try await fixture.workspace.createConfigBackup(of: "config/app.toml")
    try disk.fill()
    await #expect {
      try await fixture.workspace.createConfigBackup(of: "config/app.toml")
    } throws: { error in
      (error as? ConfigError)?.code == .unwritable && "\(error)".contains("No space left")
    }
    #expect(try await fixture.workspace.configBackups() == [backup])
    try disk.setReadOnly(true)
    await #expect {
      try await fixture.workspace.createConfigBackup(of: "config/app.toml")
    } throws: { error in "\(error)".contains("Read-only") }
    #expect(try fixture.folder.text(backup.path) == "a = 1\n")
  }
}
