import FileWatching
import Foundation
import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A published event", .timeLimit(.minutes(5)))
struct PublishedEventTests {
  @Test("is known to the handler that is called for it, with its generation, and to nobody else")
  func current() async throws {
    let fixture = try await Fixture.scripted()
    let seen = Mutex<[PublishedEvent]>([])
    let detached = HandlerTests.Log()
    let registration = try fixture.manager.registerReloadHandler(
      matching: "app", kinds: [.configChanged]
    ) { event in
      guard let published = PublishedEvent.current, published.event == event else { return }
      seen.withLock { $0.append(published) }
      await Task.detached { detached.add("\(PublishedEvent.current == nil)") }.value
    }
    let before = nanosecondsSince1970()
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save(Fixture.app, Fixture.text(3))
    await eventually { registration.status.handled == 2 }
    let all = seen.withLock { $0 }
    #expect(all.map(\.generation) == [2, 3])
    #expect(all.allSatisfy { $0.unit == .config("app") && $0.paths == ["config/app.toml"] })
    #expect(all.allSatisfy { before <= $0.time && $0.time <= nanosecondsSince1970() })
    #expect(Set(all.map(\.id)).count == 2)
    #expect(detached.all == ["true", "true"])
    #expect(PublishedEvent.current == nil)
    try await fixture.end()
  }

  @Test("says how many were dropped right before it")
  func dropped() async throws {
    let bench = HandlerBench()
    let events = ChangeEvents(
      subscription: try EventSubscription(
        pattern: EventPattern("**"), capacity: 2, bus: bench.bus))
    var iterator = events.published.makeAsyncIterator()
    bench.publish(1, 2, 3, 4)
    let first = await iterator.next()
    #expect(first?.generation == 3 && first?.droppedBefore == 2)
    bench.publish(5, 6)
    let second = await iterator.next()
    #expect(second?.generation == 5 && second?.droppedBefore == 1)
    let third = await iterator.next()
    #expect(third?.generation == 6 && third?.droppedBefore == 0)
    #expect(events.dropped == 3)
  }

  @Test("comes once and in order or is counted as dropped, however fast they come")
  func concurrency() async throws {
    let bench = HandlerBench()
    let subscriptions = try (0..<8).map { _ in
      ChangeEvents(
        subscription: try EventSubscription(
          pattern: EventPattern("**"), capacity: 4, bus: bench.bus))
    }
    let count = 20_000
    let results = await withTaskGroup(of: (Int, Int, Bool).self) { group in
      for events in subscriptions {
        group.addTask {
          var (received, dropped, next) = (0, 0, UInt64(1))
          var isInOrder = true
          for await event in events.published {
            received += 1
            dropped += event.droppedBefore
            next += UInt64(event.droppedBefore)
            isInOrder = isInOrder && event.generation == next
            next += 1
          }
          return (received, dropped, isInOrder)
        }
      }
      for number in 1...count {
        bench.publish(number)
        if number.isMultiple(of: 50) { await Task.yield() }
      }
      await bench.bus.endReceivers(within: .seconds(1))
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 8)
    for (received, dropped, isInOrder) in results {
      #expect(received + dropped == count)
      #expect(isInOrder)
    }
    #expect(subscriptions.map(\.dropped).sorted() == results.map(\.1).sorted())
  }
}

@Suite("An event as JSON")
struct EventJSONTests {
  private func json(
    _ event: ChangeEvent, unit: UnitID? = nil, _ rules: RedactionRules = .default
  ) throws -> String {
    let published = PublishedEvent(event, generation: 7, unit: unit, time: 5, id: "x-1")
    let text = published.jsonText(redacting: rules)
    _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let start = #"{"event":"\#(event.kind.rawValue)","time":5,"generation":7,"id":"x-1""#
    #expect(text.hasPrefix(start) && !text.contains("\n"))
    return String(text.dropFirst(start.count))
  }

  private func tree(_ text: String) throws -> ConfigTree {
    try ConfigFormat.json.parse(Array(text.utf8), file: "config/app.json")
  }

  @Test("of a changed config has what changed and both values, without secrets")
  func configs() throws {
    let old = try tree(#"{"port": 1, "password": "a", "b": [1]}"#)
    let new = try tree(#"{"port": 2, "password": "b", "b": [1]}"#)
    let event = ChangeEvent.configChanged(name: "app", old: old, new: new)
    #expect(
      try json(event, unit: .config("app"))
        == #","unit":"config","config":"app","changed":["port","password"],"#
        + #""old":{"port":1,"password":"(redacted)","b":[1]},"#
        + #""value":{"port":2,"password":"(redacted)","b":[1]}}"#)
    #expect(try json(event, .none).contains(#""password":"b""#))
    #expect(
      try json(.configChanged(name: "a\"b", old: nil, new: try tree(#"{"a": [true]}"#)))
        == #","config":"a\"b","value":{"a":[true]}}"#)
    #expect(
      try json(.reloadCompleted(name: "app", duration: .microseconds(1_500)))
        == #","config":"app","duration":1500000}"#)
    #expect(try json(.recovered(name: "app")) == #","config":"app"}"#)
  }

  @Test("of a refused config has the places, and quotes no secret")
  func refusals() throws {
    let errors = [
      ConfigDiagnostic(
        location: SourceLocation(file: "config/app.toml", line: 3, column: 8),
        keyPath: "server.port", message: "expected Int"),
      ConfigDiagnostic(
        location: nil, keyPath: "server.apiKey", message: "expected Int, found \"hunter2\""),
    ]
    let event = ChangeEvent.validationFailed(name: "app", errors: errors)
    #expect(
      try json(event)
        == #","config":"app","errors":[{"file":"config/app.toml","line":3,"column":8,"#
        + #""keyPath":"server.port","message":"expected Int"},"#
        + #"{"keyPath":"server.apiKey","message":"the value is not accepted (redacted)"}]}"#)
    #expect(try json(event, .none).contains("hunter2"))
  }

  @Test("of a file has what happened, and the bytes of a name that is not UTF-8")
  func files() throws {
    #expect(
      try json(.fileChanged(path: "static/a.css", change: .renamed(from: "b")), unit: .assets)
        == #","unit":"asset","path":"static/a.css","change":"renamed","from":"b"}"#)
    let bytes: [CChar] = [97, -1, 0]
    let odd = try #require(
      bytes.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { FilePath(platformString: $0) }
      })
    #expect(
      try json(.fileChanged(path: odd, change: .created))
        == ",\"path\":\"a\u{FFFD}\",\"pathBytes\":\"Yf8=\",\"change\":\"created\"}")
  }

  @Test("of the watching says where and why")
  func watching() throws {
    let failure = WatchFailure(errorNumber: 28, description: "no watch\nleft")
    #expect(
      try json(.watchDegraded(path: "a", reason: failure))
        == #","path":"a","reason":"no watch\nleft"}"#)
    #expect(try json(.watchRestored(path: "a")) == #","path":"a"}"#)
    #expect(try json(.rescanned(.rootChanged)) == #","reason":"rootChanged"}"#)
  }
}
