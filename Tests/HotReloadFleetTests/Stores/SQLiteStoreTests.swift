import HotReloadFleetTesting
import HotReloadTesting
import Logging
import SystemPackage
import Testing

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(2))) struct SQLiteStoreTests {
  private let folder: TemporaryWorkspace

  init() throws { folder = try TemporaryWorkspace() }

  private var file: FilePath { folder.root.appending("data/hotreload/fleet.sqlite") }

  @Test(arguments: StoreConformance.checks)
  func `The store in a SQLite file keeps what a store promises`(
    _ check: StoreConformance.Check
  ) async throws {
    let root = folder.root
    try await check.run(
      StoreFactory(
        leaseTime: .seconds(3),
        open: { try await SQLiteStore.open(root.appending("\($0).sqlite")) },
        compact: { try await ($0 as? SQLiteStore)?.compact(through: $1) }))
  }

  @Test func `The content is there after the store was closed and opened again`() async throws {
    var store = try await SQLiteStore.open(file)
    let transaction = StoreTransaction(then: [.put("key", [1])])
    guard case .succeeded(let revision) = try await store.commit(transaction) else {
      Issue.record("nothing was committed")
      return
    }
    await store.close()
    store = try await SQLiteStore.open(file)
    #expect(try await store.read("key")?.modRevision == revision)
    #expect(try await store.resolve(transaction.operation) == .committed(revision))
    await store.close()
  }

  @Test func `The file is only for its owner`() async throws {
    let store = try await SQLiteStore.open(file)
    _ = try await store.commit(StoreTransaction(then: [.put("key", [1])]))
    for suffix in ["", "-wal", "-shm", ".bell"] {
      let mode = try mode(of: FilePath(file.string + suffix))
      #expect(mode & 0o777 == 0o600, "\(suffix)")
    }
    await store.close()
  }

  @Test func `A lease of an earlier start of the host lives once more for its time`() async throws {
    let clock = ManualClock()
    func open(_ boot: String) async throws -> SQLiteStore {
      try await SQLiteStore.open(
        file, options: SQLiteOptions(), host: HostClock(clock: StoreClock(clock), boot: boot),
        logger: Logger(label: "test"))
    }
    clock.advance(by: .seconds(1_000))
    var store = try await open("first")
    let lease = try await store.grantLease(timeToLive: .seconds(10))
    _ = try await store.commit(StoreTransaction(then: [.put("key", [1], lease: lease.id)]))
    await store.close()
    store = try await open("second")
    clock.advance(by: .seconds(1))
    #expect(try await store.read("key") != nil)
    clock.advance(by: .seconds(9))
    #expect(try await store.read("key") != nil)
    clock.advance(by: .seconds(1))
    #expect(try await store.read("key") == nil)
    await store.close()
  }

  @Test func `A full store refuses, loses nothing, and goes on when there is space`() async throws {
    let store = try await SQLiteStore.open(
      file, options: SQLiteOptions(retainedCommits: 1, retainedBytes: 0, maximumFileSize: 1 << 20))
    let value = [UInt8](repeating: 1, count: 100_000)
    var written: [StoreKey] = []
    var failure: StoreError?
    for number in 0..<20 {
      let key = StoreKey("key-\(number + 10)")
      do throws(StoreError) {
        _ = try await store.commit(StoreTransaction(then: [.put(key, value)]))
        written.append(key)
      } catch {
        failure = error
        break
      }
    }
    #expect(failure?.code == .full)
    #expect(failure?.isSafeToRetry == true)
    #expect(!written.isEmpty)
    #expect(try await store.read(.all).entries.map(\.key) == written)
    _ = try await store.commit(StoreTransaction(then: [.delete(written[0])]))
    _ = try await store.commit(StoreTransaction(then: [.put("small", [1])]))
    #expect(try await store.read("small")?.value == [1])
    await store.close()
  }

  @Test func `Old commits are forgotten by their number and by their bytes`() async throws {
    for options in [
      SQLiteOptions(retainedCommits: 5), SQLiteOptions(retainedBytes: 2_000),
    ] {
      let store = try await SQLiteStore.open(
        folder.root.appending("\(StoreOperationID()).sqlite"), options: options)
      let before = try await store.read(.all).revision
      for number in 0..<20 {
        _ = try await store.commit(
          StoreTransaction(then: [.put("key", [UInt8](repeating: UInt8(number), count: 300))]))
      }
      var watch = store.watch(.all, after: before).makeAsyncIterator()
      guard case .compacted(let revision) = try await watch.next() else {
        Issue.record("nothing was forgotten")
        return
      }
      #expect((10...19).contains(revision.rawValue))
      await store.close()
    }
  }

  @Test func `A commit of another store on the file is heard by the doorbell, without polling`()
    async throws
  {
    let options = SQLiteOptions(pollInterval: .seconds(100_000))
    let store = try await SQLiteStore.open(file, options: options)
    let other = try await SQLiteStore.open(file, options: options)
    let before = try await store.read(.all).revision
    _ = try await other.commit(StoreTransaction(then: [.put("key", [1])]))
    var watch = store.watch(.all, after: before).makeAsyncIterator()
    // The first event says that the watch listens; the second can only come by the bell.
    _ = try await watch.next()
    async let told = watch.next()
    guard
      case .succeeded(let revision) = try await other.commit(
        StoreTransaction(then: [.put("key", [2])]))
    else { return }
    guard case .changes(let batch) = try await told else {
      Issue.record("nothing was told")
      return
    }
    #expect(batch.revision == revision)
    await store.close()
    await other.close()
  }

  @Test func `A database of another program, and one that is none, are left alone`() async throws {
    try folder.write("other.sqlite", "this is no database, but a text that somebody needs\n")
    let path = folder.root.appending("other.sqlite")
    let error = await #expect(throws: StoreError.self) { try await SQLiteStore.open(path) }
    #expect(error?.code == .corrupted)
    #expect(try folder.text("other.sqlite").hasPrefix("this is no database"))
  }

  @Test func `File systems of the network are known, and those of the host are none of them`() {
    #expect(SQLiteFile.networkFileSystem(0x6969) == "NFS")
    #expect(SQLiteFile.networkFileSystem(0xFF53_4D42) == "SMB")
    #expect(SQLiteFile.networkFileSystem(0xEF53) == nil)
    #expect(SQLiteFile.networkFileSystem(0x0102_1994) == nil)
  }

  @Test func `Options out of their ranges are refused`() async throws {
    for options in [
      SQLiteOptions(retainedCommits: 0), SQLiteOptions(maximumFileSize: 100),
      SQLiteOptions(pollInterval: .zero),
    ] {
      let error = await #expect(throws: StoreError.self) {
        try await SQLiteStore.open(file, options: options)
      }
      #expect(error?.code == .invalidOptions)
    }
  }
}
