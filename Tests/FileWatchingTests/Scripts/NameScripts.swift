import FileWatching
import Glibc
import SystemPackage
import Testing

extension Scripts {
  /// Names of any bytes, and things that are not files.
  @Suite("Names and kinds")
  struct NamesAndKinds {
    /// A path of raw bytes.
    private static func path(_ bytes: [UInt8]) -> FilePath {
      FilePath(platformString: bytes.map { CChar(bitPattern: $0) } + [0])
    }

    /// Names that programs trip over.
    static let oddNames: [FilePath] = [
      "with space.txt", " leading and trailing ", "new\nline.txt", "tab\tand \"quotes\" 'too'.txt",
      "back\\slash.txt", "*?[a]{b,c}.txt", "-n", "~", "...", "größe.txt",
      "gro\u{308}ße.txt", "日本語.txt", "🔥.toml", "\u{202E}txt.exe",
      path([0x66, 0xFF, 0xFE, 0x2E, 0x74]), path([0xC3]), path([0x01, 0x7F]),
      FilePath(String(repeating: "x", count: 255)),
    ]

    // Reason: a name is bytes without NUL and slash; who decodes it loses files, and two Unicode forms of one
    // word are two files.
    @Test("Names of any bytes are reported as they are", arguments: Setting.all)
    func names(_ setting: Setting) async throws {
      try await Script.run(setting) { script in
        let names = Self.oddNames
        try script.root.makeFolder("folder \n\u{FFFD}")
        let inFolder = names.map { FilePath("folder \n\u{FFFD}").appending($0.components) }
        for name in names + inFolder { try script.root.write(name, "one") }
        try await script.expectSame(.created, names + inFolder)
        for name in names + inFolder { try script.root.write(name, "two") }
        try await script.expectSame(.modified, names + inFolder)
        for (index, name) in names.enumerated() { try script.root.move(name, "plain\(index)") }
        let sets = try await script.sync()
        if script.setting.backend == .automatic {
          let renames = names.enumerated().map {
            FileChange.renamed($0.element, FilePath("plain\($0.offset)"))
          }
          #expect(Set(sets.flatMap(\.changes)) == Set(renames))
        }
        for name in inFolder { try script.root.remove(name) }
        try await script.expectSame(.deleted, inFolder)
      }
    }

    // Reason: a demanded name goes through other code than a crawled one.
    @Test("Demanded names of any bytes are found", arguments: Setting.all)
    func demandedNames(_ setting: Setting) async throws {
      var plan = Plan()
      plan.include = []
      plan.demanded = Self.oddNames
      try await Script.run(setting, plan) { script in
        for name in Self.oddNames { try script.root.write(name, "one") }
        try await script.expectSame(.created, Self.oddNames)
        for name in Self.oddNames { try script.root.replace(name, "two", by: "t") }
        try await script.expectSame(.modified, Self.oddNames)
      }
    }

    // Reason: the name was known all the time, and which file it names is what changed.
    @Test(
      "A name that is taken from one file and given to another tells of that one's other names",
      arguments: Setting.all)
    func relinkedName(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("one", "one")
        try root.write("two", "two")
      } body: { script in
        try script.root.remove("two")
        try script.root.hardLink("two", to: "one")
        try script.root.append("two", "more")
        try await script.expectChanges([.modified("one"), .modified("two")])
        try script.root.append("two", "and more")
        try script.root.replace("two", "other")
        try await script.expectChanges([.modified("one"), .modified("two")])
      }
    }

    // Reason: who opens a FIFO for reading hangs, and wakes the writer that waits for somebody else.
    @Test("FIFOs, sockets and devices are neither reported nor opened", arguments: Setting.all)
    func notFiles(_ setting: Setting) async throws {
      var plan = Plan()
      plan.demanded = ["pipe", "link to pipe"]
      try await Script.run(setting, plan) { root in
        try root.makeFIFO("pipe")
        try root.symlink("link to pipe", to: "pipe")
      } body: { script in
        try script.root.makeFIFO("second")
        try script.root.call("mknod", "socket") { mknod($0, S_IFSOCK | 0o644, 0) }
        // Only root may make a device: 1, 3 is /dev/null.
        if geteuid() == 0 {
          try script.root.call("mknod", "null") { mknod($0, S_IFCHR | 0o644, (1 << 8) | 3) }
        }
        try await script.expect()
        for pipe: FilePath in ["pipe", "second"] {
          let file = script.root.at(pipe).withPlatformString {
            open($0, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
          }
          let reason = errno
          #expect(file == -1, "somebody reads from \(pipe)")
          #expect(reason == ENXIO)
        }
      }
    }

    // Reason: one name, another kind of thing: it led to a file and no longer does.
    @Test("A file that becomes a FIFO is deleted, and back it is created", arguments: Setting.all)
    func fileBecomesFIFO(_ setting: Setting) async throws {
      try await Script.run(setting) { root in
        try root.write("thing", "one")
      } body: { script in
        try script.root.makeFIFO("fifo")
        try script.root.move("fifo", "thing")
        try await script.expect(.deleted("thing"))
        try script.root.replace("thing", "two")
        try await script.expect(.created("thing"))
      }
    }
  }
}

extension Script {
  /// Expects one kind of change for all of these paths.
  func expectSame(
    _ kind: FileChange.Kind, _ paths: [FilePath], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectChanges(
      paths.map { FileChange(path: $0, kind: kind) }, sourceLocation: sourceLocation)
  }
}
