import Foundation
import Testing

@testable import HotReloadFleet

@Suite struct EtcdPartsTests {
  @Test func `Lines are the same however the bytes come`() throws {
    let text = Array("first\n\nsecond\nthird".utf8)
    for size in 1...text.count {
      var splitter = LineSplitter(limit: 6)
      var lines: [[UInt8]] = []
      for start in stride(from: 0, to: text.count, by: size) {
        lines += try splitter.lines(in: text[start..<min(start + size, text.count)])
      }
      #expect(lines == [Array("first".utf8), Array("second".utf8)])
    }
  }

  @Test func `A line that is too long is refused before it has ended`() throws {
    var splitter = LineSplitter(limit: 4)
    _ = try splitter.lines(in: Array("abcd".utf8))
    #expect(throws: LineSplitter.TooLong.self) { try splitter.lines(in: Array("e".utf8)) }
  }

  @Test(arguments: [
    ("3.4.23", true), ("3.5.32", true), ("3.5.33", false), ("3.5.40", false), ("3.6.13", true),
    ("3.6.14", false), ("3.7.0", true), ("3.7.1", false), ("3.8.0", false), ("4.0.0", false),
    ("3.6.0-rc.1", true),
  ])
  func `A version with known weaknesses is told, with their names`(
    _ text: String, _ isWeak: Bool
  ) throws {
    let version = try #require(EtcdVersion(text))
    #expect((version.advice != nil) == isWeak)
    if isWeak { #expect(version.advice?.contains("GHSA-xg4h-6gfc-h4m8") == true) }
  }

  @Test func `A commit that etcd has cut into fragments is told whole`() throws {
    let names = EtcdNames("/n")
    var gatherer = EtcdChangeGatherer(names, after: StoreRevision(rawValue: 4))
    func message(_ events: [(String, Int64)], fragment: Bool) -> Etcd.WatchResponse {
      Etcd.WatchResponse(
        fragment: fragment,
        events: events.map { key, revision in
          let name = names.name(StoreKey(key))
          return Etcd.Event(
            kv: Etcd.KeyValue(
              key: name, createRevision: 1, modRevision: EtcdInteger(revision)))
        })
    }
    #expect(gatherer.take(message([("old", 4), ("b", 5)], fragment: true)).isEmpty)
    let whole = gatherer.take(message([("a", 5), ("c", 6)], fragment: true))
    #expect(whole.map(\.revision.rawValue) == [5])
    #expect(whole.first?.changes.map(\.key) == ["a", "b"])
    #expect(gatherer.last.rawValue == 5)
    #expect(gatherer.take(message([], fragment: false)).map(\.revision.rawValue) == [6])
  }

  @Test(arguments: [
    EtcdOptions(endpoints: []), EtcdOptions(endpoints: ["etcd:2379"]),
    EtcdOptions(endpoints: ["http://user:hunter2@etcd:2379"]),
    EtcdOptions(endpoints: ["http://etcd:2379"], namespace: ""),
    EtcdOptions(endpoints: ["http://etcd:2379"], namespace: String(repeating: "n", count: 65)),
    EtcdOptions(endpoints: ["http://etcd:2379"], silenceLimit: .zero),
  ])
  func `Options that cannot be used are refused, and no password is shown`(
    _ options: EtcdOptions
  ) throws {
    let error = #expect(throws: StoreError.self) { try EtcdStore(options) }
    #expect(error?.code == .invalidOptions)
    #expect(error?.description.contains("hunter2") == false)
  }
}
