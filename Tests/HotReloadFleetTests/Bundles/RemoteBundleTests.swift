import Crypto
import Foundation
import HotReloadTesting
import InMemoryLogging
import Logging
import NIOHTTP1
import NIOSSL
import SystemPackage
import Testing

@testable import HotReloadFleet

private typealias Answer = BundleServer.Answer

/// Requests one at a time, to real sockets.
@Suite(.timeLimit(.minutes(1))) struct RemoteBundleTests: RemoteBundleSuite {
  let place: TemporaryWorkspace
  let folders: BundleFolders
  let taker = Taker()

  init() throws {
    place = try TemporaryWorkspace()
    folders = BundleFolders(at: place.root.appending("bundles"))
  }

  @Test func `A new bundle is kept and taken, and one that did not change is not asked for whole`()
    async throws
  {
    let first = try bundle("1")
    let server = try await serving(first, etag: "\"v1\"", date: "Sun, 06 Nov 1994 08:49:37 GMT")
    let source = try source(server)
    expectApplied(await source.poll(), first)
    #expect(taker.taken == [first.digest])
    #expect(source.status.current == first.digest)
    expectUnchanged(await source.poll())
    let second = try bundle("2")
    serve(second, etag: "\"v2\"", on: server)
    expectApplied(await source.poll(), second)
    expectUnchanged(await source.poll())
    #expect(taker.taken == [first.digest, second.digest])
    #expect(
      server.requests.map { $0.headers.first(name: "If-None-Match") } == [
        nil, "\"v1\"", "\"v1\"", "\"v2\"",
      ])
    #expect(
      server.requests.map { $0.headers.first(name: "If-Modified-Since") } == [
        nil, "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", nil,
      ])
    #expect(server.requests.allSatisfy { $0.headers["Accept-Encoding"] == ["identity"] })
    #expect(try await folders.folder(of: second.digest) != nil)
    await source.close()
  }

  @Test
  func `A server without validators is asked for all, and the same content is not taken twice`()
    async throws
  {
    let first = try bundle("1")
    let server = try await serving(first)
    let source = try source(server)
    expectApplied(await source.poll(), first)
    expectUnchanged(await source.poll())
    #expect(taker.taken == [first.digest])
    await source.close()
  }

  enum Wrong: CaseIterable, Sendable {
    case digestHeader, oldDigestHeader, contentDigest, noJSON, cut, damaged, tooLarge,
      tooLargeUntold, coding, empty
  }

  @Test(arguments: Wrong.allCases)
  fileprivate func `What is not right is refused, and what is in force stays`(_ wrong: Wrong)
    async throws
  {
    let good = try bundle("good")
    let server = try await serving(good, etag: "\"good\"")
    let source = try source(server, RemoteBundleOptions(maximumBytes: 4_000))
    expectApplied(await source.poll(), good)
    var answer = Answer(body: try bundle("bad").encoded())
    switch wrong {
    case .digestHeader: answer.headers.add(name: "Repr-Digest", value: "sha-256=:AAAA:")
    case .oldDigestHeader: answer.headers.add(name: "Digest", value: "SHA-256=AAAA")
    case .contentDigest:
      answer.headers.add(name: "Content-Digest", value: "sha-512=:AAAA:, sha-256=:\(sha256([])):")
    case .noJSON: answer.body = Array("<html>".utf8)
    case .cut: answer.body.removeLast(20)
    case .damaged:
      answer.body = Array(text(answer.body).replacing("\"digest\":\"", with: "\"digest\":\"0").utf8)
    case .tooLarge: answer.body += [UInt8](repeating: 32, count: 4_000)
    case .tooLargeUntold:
      answer.body += [UInt8](repeating: 32, count: 4_000)
      answer.isChunked = true
    case .coding: answer.headers.add(name: "Content-Encoding", value: "gzip")
    case .empty: answer.body = []
    }
    let bad = answer
    server.answer { _ in bad }
    for _ in 0..<2 {
      guard case .refused(let error) = await source.poll() else {
        Issue.record("it is not refused")
        return
      }
      #expect(error.message.contains("127.0.0.1"))
      #expect(source.status.problem?.message == error.message)
    }
    #expect(source.status.current == good.digest)
    #expect(taker.taken == [good.digest])
    #expect(try await RemoteBundleSource.lastGood(in: folders)?.digest == good.digest)
    serve(good, etag: "\"good\"", on: server)
    expectUnchanged(await source.poll())
    #expect(source.status.problem == nil)
    await source.close()
  }

  @Test
  func
    `A bundle that is refused by who should take it is not offered again before it is another one`()
    async throws
  {
    let bad = try bundle("bad")
    let server = try await serving(bad, etag: "\"bad\"")
    let source = try source(server)
    taker.refuses = true
    guard case .refused(let error) = await source.poll() else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.message.contains("not good"))
    expectUnchanged(await source.poll())
    #expect(taker.offered == [bad.digest])
    #expect(source.status.refused == bad.digest)
    #expect(source.status.problem != nil)
    #expect(server.requests.last?.headers.first(name: "If-None-Match") == "\"bad\"")
    taker.refuses = false
    let good = try bundle("good")
    serve(good, etag: "\"good\"", on: server)
    expectApplied(await source.poll(), good)
    #expect(source.status.problem == nil)
    #expect(source.status.refused == nil)
    await source.close()
  }

  @Test func `What is wrong is logged once, also between other troubles, and that it is over too`()
    async throws
  {
    let log = InMemoryLogHandler()
    let bad = try bundle("bad")
    let server = try await serving(bad, etag: "\"bad\"")
    let source = try RemoteBundleSource(
      url: server.url(), folders: folders, logger: Logger(label: "test") { _ in log },
      apply: { [taker] bundle, folder in try taker.take(bundle, folder) })
    taker.refuses = true
    for _ in 0..<3 { _ = await source.poll() }
    #expect(log.entries.map(\.level) == [.error])
    #expect(log.entries.first.map { "\($0.message)".contains(bad.digest.rawValue) } == true)
    server.answer { _ in Answer(status: 500) }
    for _ in 0..<2 { _ = await source.poll() }
    #expect(log.entries.map(\.level) == [.error, .error])
    serve(bad, etag: "\"bad\"", on: server)
    _ = await source.poll()
    #expect(source.status.problem?.code == .refused)
    taker.refuses = false
    serve(try bundle("good"), on: server)
    for _ in 0..<2 { _ = await source.poll() }
    #expect(log.entries.map(\.level) == [.error, .error, .error, .notice, .info])
    #expect(log.entries.allSatisfy { $0.metadata["server"] != nil })
    await source.close()
  }

  @Test func `A bundle that cannot be taken now is offered again`() async throws {
    let bundle = try bundle("1")
    let server = try await serving(bundle, etag: "\"1\"")
    let source = try source(server)
    taker.defers = true
    guard case .failed = await source.poll() else {
      Issue.record("it does not fail")
      return
    }
    taker.defers = false
    expectApplied(await source.poll(), bundle)
    #expect(taker.offered == [bundle.digest, bundle.digest])
    await source.close()
  }

  @Test
  func
    `A server that is away, silent, breaks off or errs is a failure, and what is in force stays`()
    async throws
  {
    let good = try bundle("good")
    let server = try await serving(good)
    let source = try source(server, RemoteBundleOptions(requestTimeout: .seconds(2)))
    expectApplied(await source.poll(), good)
    let body = try bundle("bad").encoded()
    for answer in [
      Answer(isSilent: true), Answer(body: body, cutAfter: 10), Answer(status: 500),
      Answer(status: 404), Answer(status: 206, body: body), Answer(status: 302),
    ] {
      server.answer { _ in answer }
      guard case .failed(let error) = await source.poll() else {
        Issue.record("\(answer) is no failure")
        continue
      }
      #expect(error.code == .unavailable)
    }
    #expect(source.status.failures == 6)
    #expect(source.status.current == good.digest)
    serve(good, on: server)
    expectUnchanged(await source.poll())
    #expect(source.status.failures == 0)
    await source.close()
  }

  @Test
  func
    `A restart begins with what was in force, with the server away, and asks only for what is new`()
    async throws
  {
    let bundle = try bundle("1")
    let server = try await serving(bundle, etag: "\"1\"")
    let first = try source(server)
    expectApplied(await first.poll(), bundle)
    await first.close()
    let good = try #require(try await RemoteBundleSource.lastGood(in: folders))
    #expect(good.digest == bundle.digest)
    #expect(try place.text(good.folder.appending("config/app.toml")) == "name = \"1\"\n")
    server.answer { _ in Answer(status: 503) }
    // One who began with it is not told again; one who did not, is.
    for (inForce, offered) in [(bundle.digest, 1), (nil, 2)] as [(BundleDigest?, Int)] {
      let source = try source(server, inForce: inForce)
      await source.restore()
      #expect(taker.offered.count == offered)
      guard case .failed = await source.poll() else {
        Issue.record("the server is not away")
        return
      }
      #expect(source.status.current == bundle.digest)
      #expect(server.requests.last?.headers.first(name: "If-None-Match") == "\"1\"")
      await source.close()
    }
    // Of another address nothing is known.
    let other = try source(server, path: "/other.json", inForce: bundle.digest)
    await other.restore()
    _ = await other.poll()
    #expect(server.requests.last?.headers.contains(name: "If-None-Match") == false)
    await other.close()
    try place.remove(good.folder.appending("config/app.toml"))
    #expect(try await RemoteBundleSource.lastGood(in: folders) == nil)
  }

  @Test func `Old bundles go, but the one before stays`() async throws {
    let bundles = try (0..<4).map { try bundle("\($0)") }
    let server = try await serving(bundles[0])
    let source = try source(server)
    for bundle in bundles {
      serve(bundle, on: server)
      expectApplied(await source.poll(), bundle)
    }
    #expect(try await folders.folder(of: bundles[1].digest) == nil)
    #expect(try await folders.folder(of: bundles[2].digest) != nil)
    #expect(try await folders.folder(of: bundles[3].digest) != nil)
    await source.close()
  }
}
