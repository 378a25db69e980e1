import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@Suite("Stable reads") struct StableReadTests {
  let space: TemporaryWorkspace

  init() throws {
    space = try TemporaryWorkspace()
  }

  @Test("A file is read whole, with its stamp and its real path")
  func whole() throws {
    try space.write("real/app.toml", "a = 1\n")
    symlink("real", space.path("link").string)
    let file = try readStably(space.path("link/app.toml"), limit: 6)
    #expect(file.bytes == Array("a = 1\n".utf8))
    #expect(file.path == space.path("link/app.toml"))
    #expect(file.resolvedPath == space.path("real/app.toml"))
    #expect(file.stamp.size == 6)
    #expect(file.stamp.kind == .file)
  }

  @Test("An empty file is read as no bytes")
  func empty() throws {
    try space.write("empty", "")
    #expect(try readStably(space.path("empty"), limit: 0).bytes.isEmpty)
  }

  @Test("A name that is not UTF-8 is read, and stays what it is")
  func invalidName() throws {
    let name = FilePath(platformString: [0x61, CChar(bitPattern: 0xFF), 0x62, 0])
    let path = space.root.pushing(name)
    try space.write(path, "x")
    let file = try readStably(path, limit: 10)
    #expect(file.bytes == [0x78])
    #expect(file.resolvedPath == path)
  }

  @Test("What is missing is said to be missing, also behind a link or below a file")
  func missing() throws {
    try space.write("file", "x")
    symlink("nowhere", space.path("dangling").string)
    for name in ["none", "no/folder", "dangling", "file/below"] as [FilePath] {
      let path = space.path(name)
      #expect(throws: StableReadError.missing(path: path)) { try readStably(path, limit: 1) }
    }
  }

  @Test(
    "Folders, FIFOs, sockets and devices are refused without being opened", .timeLimit(.minutes(5)))
  func notAFile() throws {
    let fifo = space.path("fifo")
    #expect(mkfifo(fifo.string, 0o600) == 0)
    symlink("fifo", space.path("link").string)
    for (path, kind) in [
      (space.root, FileStamp.Kind.directory), (fifo, .other), (space.path("link"), .other),
      ("/dev/zero", .other), ("/dev/tty", .other),
    ] where path != "/dev/tty" || space.exists(path) {
      let error = #expect(throws: StableReadError.self) { try readStably(path, limit: 10) }
      #expect(error == .notAFile(path: path, kind: kind))
    }
  }

  @Test("A file of 100 MB beyond the limit is refused by its size, and within it is read whole")
  func big() throws {
    let path = space.path("big")
    try space.write("big", "")
    let size = 100_000_000
    #expect(truncate(path.string, size) == 0)
    #expect(throws: StableReadError.tooLarge(path: path, size: Int64(size), limit: size - 1)) {
      try readStably(path, limit: size - 1)
    }
    #expect(try readStably(path, limit: size).bytes.count == size)
  }

  @Test("Links in a circle are unreadable, and the error says so")
  func circle() throws {
    symlink("b", space.path("a").string)
    symlink("a", space.path("b").string)
    let error = #expect(throws: StableReadError.self) {
      try readStably(space.path("a"), limit: 10)
    }
    #expect(error == .unreadable(path: space.path("a"), errno: .tooManySymbolicLinkLevels))
    #expect(error?.description.contains("circle") == true)
  }

  @Test("Every error names its path and what to do")
  func descriptions() {
    let path: FilePath = "config/app.toml"
    let errors: [StableReadError] = [
      .missing(path: path), .notSettled(path: path), .tooLarge(path: path, size: 9, limit: 8),
      .notAFile(path: path, kind: .directory), .notAFile(path: path, kind: .other),
      .unreadable(path: path, errno: .permissionDenied), .unreadable(path: path, errno: .ioError),
    ]
    for error in errors {
      #expect(error.path == path)
      #expect(error.description.hasPrefix("config/app.toml "))
      #expect(error.description.contains(": "))
    }
    #expect(errors.filter(\.isTransient) == [.notSettled(path: path)])
  }

  /// A writer writes versions whose bytes are all alike, in place and by renaming, while the reader
  /// reads. Any mixture is a failure. In place, a write may end within the same tick of the clock
  /// as the first stamp on kernels without fine time stamps, so there only sizes differ too.
  @Test("A file that is replaced or rewritten all the time is never read as a mixture")
  func neverMixed() throws {
    let path = space.path("busy")
    try space.write("busy", "")
    let isDone = Locked(false)
    let workspace = space
    let writer = Thread {
      var version: UInt8 = 0
      while !isDone.withLock({ $0 }) {
        version &+= 1
        let bytes = [UInt8](repeating: version, count: 50_000 + Int(version) * 100)
        if version % 2 == 0 {
          try? writeAtomically(bytes, to: workspace.path("busy"))
        } else {
          try? workspace.write("busy", bytes: bytes)
        }
      }
    }
    var settled = 0
    var unsettled = 0
    while settled + unsettled < 1_000 {
      do {
        let file = try readStably(path, limit: 1 << 20)
        settled += 1
        let first = file.bytes.first ?? 0
        // A truncated or half-written file may be read in a pause of its writer: a prefix, but of
        // one version.
        #expect(file.bytes.allSatisfy { $0 == first })
      } catch {
        #expect(error == .notSettled(path: path), "\(error)")
        unsettled += 1
      }
    }
    isDone.withLock { $0 = true }
    writer.join()
    #expect(settled > 0)
  }
}

/// A thread that is joined.
private struct Thread {
  private let handle: pthread_t

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  init(_ run: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    let body = Unmanaged.passRetained(Body(run)).toOpaque()
    let result = pthread_create(
      &handle, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, body)
    precondition(result == 0)
    self.handle = handle
  }

  func join() {
    pthread_join(handle, nil)
  }
}
