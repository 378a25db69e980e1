import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(1))) struct BundleFoldersTests {
  private let place: TemporaryWorkspace
  private let folders: BundleFolders

  init() throws {
    place = try TemporaryWorkspace()
    folders = BundleFolders(at: place.root.appending("bundles"))
  }

  @Test func `A bundle becomes a folder that is laid out as a workspace, its owner's alone`()
    async throws
  {
    let bundle = try bundle("one")
    #expect(try await folders.folder(of: bundle.digest) == nil)
    let folder = try await folders.store(bundle)
    #expect(folder == folders.root.appending(bundle.digest.rawValue))
    #expect(try await folders.folder(of: bundle.digest) == folder)
    #expect(try await folders.bundle(bundle.digest) == bundle)
    #expect(try place.text(folder.appending("config/app.toml")) == "name = \"one\"\n")
    #expect(try mode(of: folders.root) & 0o777 == 0o700)
    #expect(try mode(of: folder) & 0o777 == 0o700)
    #expect(try mode(of: folder.appending("static/css")) & 0o777 == 0o700)
    #expect(try mode(of: folder.appending("config/app.toml")) & 0o777 == 0o600)
    #expect(SystemCalls.names(in: folders.root) == [bundle.digest.rawValue])
  }

  @Test func `The bundles of an instance lie beside its journal, and nobody else may look`()
    async throws
  {
    let folders = BundleFolders(of: "web", in: try place.workspace())
    let folder = try await folders.store(try bundle("one"))
    #expect(folder.starts(with: place.root.pushing("data/hotreload/web/bundles")))
    #expect(try mode(of: place.root.pushing("data/hotreload/web")) & 0o777 == 0o700)
  }

  @Test func `What is there and whole is not written again`() async throws {
    let bundle = try bundle("one")
    let folder = try await folders.store(bundle)
    let before = try inode(of: folder.appending("config/app.toml"))
    _ = try await folders.store(bundle)
    #expect(try inode(of: folder.appending("config/app.toml")) == before)
  }

  enum Damage: CaseIterable, Sendable {
    case lostFile, otherBytes, cutFile, moreFiles, emptyFolder, link, fileInPlaceOfAll,
      linkInPlaceOfAll
  }

  @Test(arguments: Damage.allCases)
  func `A folder that is damaged is not taken for the bundle, and is made anew`(
    _ damage: Damage
  ) async throws {
    let bundle = try bundle("one")
    let folder = try await folders.store(bundle)
    let file = folder.appending("config/app.toml")
    switch damage {
    case .lostFile: try place.remove(file)
    case .otherBytes: try place.write(file, "name = \"two\"\n")
    case .cutFile: try place.write(file, "")
    case .moreFiles: try place.write(folder.appending("config/more.toml"), "")
    case .emptyFolder: try place.makeDirectory(folder.appending("templates"))
    case .link:
      try place.rename(file, to: "elsewhere")
      try place.symlink(file, to: place.root.appending("elsewhere"))
    case .fileInPlaceOfAll:
      BundleFolder.remove(folder)
      try place.write(folder, "x")
    case .linkInPlaceOfAll:
      try place.rename(folder, to: "elsewhere")
      try place.symlink(folder, to: place.root.appending("elsewhere"))
    }
    #expect(try await folders.folder(of: bundle.digest) == nil)
    #expect(try await folders.bundle(bundle.digest) == nil)
    #expect(try await folders.store(bundle) == folder)
    #expect(try await folders.folder(of: bundle.digest) == folder)
    #expect(SystemCalls.names(in: folders.root) == [bundle.digest.rawValue])
  }

  @Test func `Many who store, damage and prune at once leave whole folders and nothing else`()
    async throws
  {
    let bundles = try (0..<3).map { try bundle("\($0)") }
    let folders = folders
    let place = place
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<24 {
        group.addTask {
          let bundle = bundles[number % 3]
          switch number % 4 {
          case 0:
            let file = folders.root.appending(bundle.digest.rawValue).appending("config/app.toml")
            try? place.remove(file)
          case 1: await folders.prune(keeping: Set(bundles.map(\.digest)))
          default: _ = try? await folders.store(bundle)
          }
        }
      }
    }
    for bundle in bundles {
      _ = try await folders.store(bundle)
      #expect(try await folders.bundle(bundle.digest) == bundle)
    }
    await folders.prune(keeping: Set(bundles.map(\.digest)))
    #expect(SystemCalls.names(in: folders.root) == bundles.map(\.digest.rawValue).sorted())
  }

  @Test func `Pruning removes what is not kept, and touches nothing else`() async throws {
    let bundles = try (0..<3).map { try bundle("\($0)") }
    for bundle in bundles { _ = try await folders.store(bundle) }
    try place.write(folders.root.appending("remote.json"), "{}")
    await folders.prune(keeping: [bundles[1].digest])
    #expect(
      SystemCalls.names(in: folders.root) == [bundles[1].digest.rawValue, "remote.json"].sorted())
  }

  @Test func `What a dead process left is removed, and what a living one writes is not`()
    async throws
  {
    let alive = folders.root.appending(BundleFolderWriter.newPrefix + "alive")
    for name in [".new-dead", ".old-dead", ".new-alive"] {
      try place.write(folders.root.appending(name).appending("config/a"), "x")
    }
    let lock = try #require(SystemCalls.openLocked(alive))
    _ = try await folders.store(try bundle("one"))
    #expect(SystemCalls.names(in: folders.root).filter { $0.hasPrefix(".") } == [".new-alive"])
    try lock.close()
    await folders.prune(keeping: [])
    #expect(SystemCalls.names(in: folders.root).isEmpty)
  }

  @Test func `A digest that is no SHA-256 never becomes a path`() async throws {
    _ = try await folders.store(try bundle("one"))
    for text in ["..", "", "../bundles", String(repeating: "g", count: 64)] {
      #expect(try await folders.folder(of: BundleDigest(rawValue: text)) == nil)
    }
  }

  @Test func `A place that cannot be written is told`() async throws {
    try place.write("bundles", "a file")
    let bundle = try bundle("one")
    let error = await #expect(throws: BundleError.self) { try await folders.store(bundle) }
    #expect(error?.code == .fileSystem)
    #expect(error?.message.contains(folders.root.string) == true)
  }

  private func bundle(_ name: String) throws -> ContentBundle {
    try ContentBundle(files: [
      ContentBundle.File(path: "config/app.toml", bytes: Array("name = \"\(name)\"\n".utf8)),
      ContentBundle.File(path: "static/css/site.css", bytes: Array("body {}".utf8)),
      ContentBundle.File(path: "static/empty", bytes: []),
    ])
  }

  private func inode(of path: FilePath) throws -> UInt64 {
    var status = stat()
    guard stat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
    return UInt64(status.st_ino)
  }
}
