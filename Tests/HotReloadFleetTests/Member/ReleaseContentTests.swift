import HotReloadFleetTesting
import HotReloadTesting
import Synchronization
import Testing

@testable import HotReloadFleet

@Suite struct ReleaseContentTests {
  private static let keys = FleetKeys(prefix: "shop")

  /// The content of an instance, with a store that counts what is read from it.
  private struct Place {
    let scratch: TemporaryWorkspace
    let store = InMemoryStore()
    let content: ReleaseContent
    let reads: ReadCount

    init() throws {
      scratch = try TemporaryWorkspace()
      let reads = ReadCount()
      self.reads = reads
      content = ReleaseContent(
        BundleFolders(at: scratch.root.appending("bundles")),
        ObservedStore(store, beforeCommit: { _ in reads.add() }, onRead: { _ in reads.add() }),
        ReleaseContentTests.keys)
    }
  }

  private final class ReadCount: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
  }

  @Test func `what came along with a proposal needs no request`() async throws {
    let place = try Place()
    let bundle = try AgentFleet.bundle("carried")
    place.content.offer(bundle.encoded())
    let folder = try await place.content.folder(of: bundle.digest)
    #expect(BundleFolder.isWhole(folder, bundle.digest))
    #expect(place.reads.value == 0)
  }

  @Test func `other content than what was asked for is not taken for it`() async throws {
    let place = try Place()
    let wanted = try AgentFleet.bundle("wanted")
    try await place.store.publish(wanted, under: Self.keys)
    place.content.offer(try AgentFleet.bundle("other").encoded())
    let folder = try await place.content.folder(of: wanted.digest)
    #expect(BundleFolder.isWhole(folder, wanted.digest))
    #expect(place.reads.value > 0)
  }

  @Test(arguments: [[], Array("garbage".utf8), [0, 255, 123]])
  func `garbage that came along is passed over`(_ garbage: [UInt8]) async throws {
    let place = try Place()
    let bundle = try AgentFleet.bundle("wanted")
    try await place.store.publish(bundle, under: Self.keys)
    place.content.offer(garbage)
    let folder = try await place.content.folder(of: bundle.digest)
    #expect(BundleFolder.isWhole(folder, bundle.digest))
  }

  @Test func `content with a digest that is not its own is passed over`() async throws {
    let place = try Place()
    let bundle = try AgentFleet.bundle("wanted")
    let other = try AgentFleet.bundle("other")
    try await place.store.publish(bundle, under: Self.keys)
    let text = String(decoding: other.encoded(), as: UTF8.self)
      .replacing(other.digest.rawValue, with: bundle.digest.rawValue)
    place.content.offer(Array(text.utf8))
    let folder = try await place.content.folder(of: bundle.digest)
    #expect(BundleFolder.read(folder) == bundle)
  }

  @Test func `a folder that is gone or was damaged is made anew`() async throws {
    let place = try Place()
    let first = try AgentFleet.bundle("first")
    let second = try AgentFleet.bundle("second")
    for bundle in [first, second] { try await place.store.publish(bundle, under: Self.keys) }
    let folder = try await place.content.folder(of: first.digest)
    BundleFolder.remove(folder)
    #expect(try await place.content.folder(of: first.digest) == folder)
    _ = try await place.content.folder(of: second.digest)
    try place.scratch.write(folder.appending("config/app.toml"), "damaged")
    #expect(BundleFolder.isWhole(try await place.content.folder(of: first.digest), first.digest))
  }

  @Test func `what is offered is made ready before it is asked for`() async throws {
    let place = try Place()
    let bundle = try AgentFleet.bundle("early")
    let folder = place.scratch.root.appending("bundles").appending(bundle.digest.rawValue)
    let preparing = Task { await place.content.prepareOffers() }
    place.content.offer(bundle.encoded())
    while !BundleFolder.isWhole(folder, bundle.digest) { await Task.yield() }
    preparing.cancel()
    await preparing.value
  }

  @Test func `what was pruned is fetched again`() async throws {
    let place = try Place()
    let bundle = try AgentFleet.bundle("pruned")
    try await place.store.publish(bundle, under: Self.keys)
    let folder = try await place.content.folder(of: bundle.digest)
    await place.content.prune(keeping: [])
    #expect(!BundleFolder.isWhole(folder, bundle.digest))
    #expect(try await place.content.folder(of: bundle.digest) == folder)
    #expect(BundleFolder.isWhole(folder, bundle.digest))
  }

  @Test func `content that nobody has is an error that says what to do`() async throws {
    let digest = try AgentFleet.bundle("nowhere").digest
    await #expect { try await Place().content.folder(of: digest) } throws: { error in
      (error as? FleetError)?.code == .contentMissing && "\(error)".contains("propose the files")
    }
  }
}
