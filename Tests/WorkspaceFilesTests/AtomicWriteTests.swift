import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@Suite("Atomic writes") struct AtomicWriteTests {
  let space: TemporaryWorkspace

  init() throws {
    space = try TemporaryWorkspace()
  }

  private func names(_ folder: FilePath) throws -> [String] {
    let handle = try #require(opendir(folder.string))
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private func status(_ path: FilePath) throws -> stat {
    var status = stat()
    try #require(lstat(path.string, &status) == 0)
    return status
  }

  @Test("A new file is made, and nothing is left beside it")
  func new() throws {
    try writeAtomically(Array("x".utf8), to: space.path("a"))
    #expect(try space.text("a") == "x")
    #expect(try names(space.root) == ["a"])
    let mask = umask(0)
    umask(mask)
    #expect(try status(space.path("a")).st_mode & 0o7777 == 0o666 & ~mask)
  }

  @Test("A replaced file keeps its mode, and gets the one that is asked for")
  func mode() throws {
    try space.write("a", "old")
    chmod(space.path("a").string, 0o640)
    let before = try status(space.path("a")).st_ino
    try writeAtomically(Array("new".utf8), to: space.path("a"))
    #expect(try space.text("a") == "new")
    #expect(try status(space.path("a")).st_mode & 0o7777 == 0o640)
    #expect(try status(space.path("a")).st_ino != before)
    try writeAtomically([], to: space.path("a"), permissions: [.ownerReadWrite])
    #expect(try status(space.path("a")).st_mode & 0o7777 == 0o600)
    try writeAtomically([], to: space.path("b"), permissions: [.ownerRead])
    #expect(try status(space.path("b")).st_mode & 0o7777 == 0o400)
  }

  @Test("A replaced file keeps its owner and group", .enabled(if: getuid() == 0, "needs root"))
  func owner() throws {
    try space.write("a", "old")
    #expect(chown(space.path("a").string, 1_234, 4_321) == 0)
    chmod(space.path("a").string, 0o6755)
    try writeAtomically(Array("new".utf8), to: space.path("a"))
    let after = try status(space.path("a"))
    #expect(after.st_uid == 1_234 && after.st_gid == 4_321)
    #expect(after.st_mode & 0o7777 == 0o6755)
  }

  @Test("Through links the file is replaced, not a link; a link to nothing gets its file")
  func links() throws {
    try space.write("real/a", "old")
    symlink("real", space.path("folder").string)
    symlink("folder/a", space.path("one").string)
    symlink(space.path("one").string, space.path("two").string)
    try writeAtomically(Array("new".utf8), to: space.path("two"))
    #expect(try space.text("real/a") == "new")
    #expect(try status(space.path("two")).st_mode & S_IFMT == S_IFLNK)
    #expect(try status(space.path("one")).st_mode & S_IFMT == S_IFLNK)
    symlink("real/later", space.path("dangling").string)
    try writeAtomically(Array("x".utf8), to: space.path("dangling"))
    #expect(try space.text("real/later") == "x")
    #expect(try names(space.path("real")) == ["a", "later"])
  }

  @Test("What cannot be written is an error with its step, and changes nothing")
  func errors() throws {
    try space.write("file", "x")
    symlink("loop", space.path("loop").string)
    for (name, step, errno) in [
      ("none/a", .openFolder, .noSuchFileOrDirectory), ("file/a", .resolve, .notDirectory),
      (".", .notAFile, .isDirectory), ("loop", .resolve, .tooManySymbolicLinkLevels),
    ] as [(FilePath, AtomicWriteError.Step, Errno)] {
      let path = space.path(name)
      let error = #expect(throws: AtomicWriteError.self) { try writeAtomically([1], to: path) }
      #expect(error?.step == step, "\(path)")
      #expect(error?.errno == errno, "\(path)")
      #expect(error?.path == path)
      #expect(error?.description.contains("unchanged") == true)
    }
    #expect(try names(space.root) == ["file", "loop"])
  }

  @Test("A name of 255 bytes, and one that is not UTF-8, are written")
  func names() throws {
    let long = String(repeating: "n", count: 255)
    try writeAtomically([1], to: space.root.appending(long))
    let bytes: [CChar] = [0x61, CChar(bitPattern: 0xFF), 0]
    let invalid = space.root.pushing(FilePath(platformString: bytes))
    try writeAtomically([2], to: invalid)
    #expect(try readStably(invalid, limit: 1).bytes == [2])
    #expect(try names(space.root).count == 2)
  }

  @Test("A relative path is relative to the current folder")
  func relative() throws {
    // Above the root folder is the root folder.
    let up = String(repeating: "../", count: 64)
    let path = FilePath(up + space.path("a").string.dropFirst())
    #expect(path.isRelative)
    try writeAtomically([1], to: path)
    #expect(try readStably(path, limit: 1).resolvedPath == space.path("a"))
  }

  @Test(
    "On a full disk the old content stays and no temporary file is left",
    .enabled(if: getuid() == 0, "mounting a small file system needs root"))
  func fullDisk() throws {
    let place = space.path("small")
    try space.makeDirectory("small")
    guard mount("none", place.string, "tmpfs", 0, "size=64k") == 0 else {
      try Test.cancel("this machine does not let root mount a tmpfs (errno \(errno))")
    }
    defer { umount2(place.string, CInt(MNT_DETACH)) }
    try space.write("small/a", "old")
    let path = space.path("small/a")
    let error = #expect(throws: AtomicWriteError.self) {
      try writeAtomically([UInt8](repeating: 1, count: 200_000), to: path)
    }
    #expect(error?.errno == .noSpace)
    #expect(error?.step == .write)
    #expect(error?.description.contains("free some space") == true)
    #expect(try space.text("small/a") == "old")
    #expect(try names(place) == ["a"])
  }
}
