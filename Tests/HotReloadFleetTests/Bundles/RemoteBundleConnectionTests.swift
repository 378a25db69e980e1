import Foundation
import HotReloadTesting
import Logging
import NIOHTTP1
import ServiceLifecycle
import SystemPackage
import Testing

@testable import HotReloadFleet

private typealias Answer = BundleServer.Answer

/// Where requests go, and when.
@Suite(.timeLimit(.minutes(1))) struct RemoteBundleConnectionTests {
  private let place: TemporaryWorkspace
  private let folders: BundleFolders
  private let taker = Taker()
  private let bundle: ContentBundle

  init() throws {
    place = try TemporaryWorkspace()
    folders = BundleFolders(at: place.root.appending("bundles"))
    bundle = try ContentBundle(files: [ContentBundle.File(path: "config/app.toml", bytes: [10])])
  }

  @Test
  func `A server with a certificate that is not trusted is not believed, and with its root it is`()
    async throws
  {
    let certificate = try TestCertificate(in: place.root.string)
    let body = bundle.encoded()
    let server = try await BundleServer(tls: certificate.context) { _ in Answer(body: body) }
    let distrusting = try source(server.url())
    guard case .failed = await distrusting.poll() else {
      Issue.record("a certificate that nobody vouches for is believed")
      return
    }
    await distrusting.close()
    let trusting = try source(
      server.url(), RemoteBundleOptions(trustRoots: FilePath(certificate.file)))
    guard case .applied = await trusting.poll() else {
      Issue.record("a certificate that is trusted is not believed")
      return
    }
    await trusting.close()
    #expect(server.requests.count == 1)
  }

  @Test
  func
    `Redirects are followed from https to https, without the headers that are for the first server alone`()
    async throws
  {
    let certificate = try TestCertificate(in: place.root.string)
    let body = bundle.encoded()
    let target = try await BundleServer(tls: certificate.context) { _ in Answer(body: body) }
    let plain = try await BundleServer { _ in Answer(body: body) }
    let server = try await BundleServer(tls: certificate.context) { _ in Answer() }
    let options = RemoteBundleOptions(
      trustRoots: FilePath(certificate.file), headers: ["Authorization": "Bearer abc"])
    func redirect(_ location: String) {
      server.answer { request in
        request.path == "/here.json"
          ? Answer(body: body) : Answer(status: 302, headers: ["Location": location])
      }
    }
    for location in [plain.url(), "ftp://x/", "/bundle.json", "https://u:p@127.0.0.1/"] {
      redirect(location)
      let source = try source(server.url(), options)
      guard case .failed(let error) = await source.poll() else {
        Issue.record("a redirect to \(location) is followed")
        return
      }
      #expect(error.message.contains("redirects"))
      await source.close()
    }
    #expect(plain.requests.isEmpty)
    redirect(target.url())
    let away = try source(server.url(), options)
    guard case .applied = await away.poll() else { Issue.record("it is not followed"); return }
    await away.close()
    #expect(server.requests.allSatisfy { $0.headers["Authorization"] == ["Bearer abc"] })
    #expect(target.requests.allSatisfy { $0.headers["Authorization"].isEmpty })
    redirect("/here.json")
    let here = try source(server.url(), options)
    _ = await here.poll()
    #expect(server.requests.last?.path == "/here.json")
    #expect(server.requests.last?.headers["Authorization"] == ["Bearer abc"])
    await here.close()
  }

  @Test func `A plain redirect is not followed`() async throws {
    let body = bundle.encoded()
    let server = try await BundleServer { request in
      request.path == "/bundle.json"
        ? Answer(status: 302, headers: ["Location": "/here"]) : Answer(body: body)
    }
    let source = try source(server.url())
    guard case .failed = await source.poll() else { Issue.record("it is followed"); return }
    #expect(server.requests.count == 1)
    await source.close()
  }

  @Test(arguments: [
    "http://bundles.example.com/b.json", "ftp://127.0.0.1/b", "bundle.json", "", "https://",
    "https://user:password@bundles.example.com/b.json", "http://127.0.0.1.example.com/b.json",
  ])
  func `An address that proves nothing, or gives away a password, is refused`(_ url: String) {
    let error = #expect(throws: BundleError.self) { try source(url) }
    #expect(error?.code == .invalidOptions)
    #expect(error?.message.contains("user:password") == false)
  }

  @Test func `Plain HTTP is fine for what is signed or pinned, and on this machine`() async throws {
    let key = try BundleSigningKey(String(repeating: "01", count: 32))
    for (url, options) in [
      ("http://bundles.example.com/b", RemoteBundleOptions(signingKeys: [key])),
      ("http://bundles.example.com/b", RemoteBundleOptions(pinnedDigest: bundle.digest)),
      ("http://localhost:8080/b", RemoteBundleOptions()), ("http://[::1]/b", RemoteBundleOptions()),
      ("https://bundles.example.com/b", RemoteBundleOptions()),
    ] {
      _ = try source(url, options)
    }
  }

  @Test func `Options that are out of their ranges are all told at once`() {
    let options = RemoteBundleOptions(
      interval: .zero, jitter: 2, firstDelay: .zero, maximumDelay: .seconds(1_000_000),
      maximumRetryAfter: .seconds(-1), requestTimeout: .zero, maximumBytes: 0,
      headers: ["A\r\nB": "c"], pinnedDigest: BundleDigest(rawValue: "x"))
    let error = #expect(throws: BundleError.self) { try options.validate() }
    for name in [
      "interval", "jitter", "firstDelay", "maximumDelay", "maximumRetryAfter", "requestTimeout",
      "maximumBytes", "header", "pinnedDigest",
    ] {
      #expect(error?.message.contains(name) == true)
    }
  }

  @Test
  func
    `Requests are spaced by the interval, and after failures by growing pauses and what the server asks for`()
    async throws
  {
    let body = bundle.encoded()
    let server = try await BundleServer { _ in Answer(body: body) }
    let clock = ManualClock()
    let options = RemoteBundleOptions(
      interval: .seconds(100), jitter: 0.1, firstDelay: .seconds(1), maximumDelay: .seconds(8),
      maximumRetryAfter: .seconds(1_000))
    let source = try source(server.url(), options, clock: clock)
    let running = Task { try await source.run() }
    /// How long it is until the next request, between these bounds.
    func expectNext(_ range: ClosedRange<Int>) async {
      await clock.waitForSleepers()
      let count = server.requests.count
      clock.advance(by: .seconds(range.lowerBound) - .milliseconds(1))
      #expect(clock.sleeperCount == 1)
      #expect(server.requests.count == count)
      clock.advance(by: .seconds(range.upperBound - range.lowerBound) + .milliseconds(2))
      await clock.waitForSleepers()
      #expect(server.requests.count == count + 1)
    }
    await expectNext(90...110)
    server.answer { _ in Answer(status: 503) }
    await expectNext(90...110)
    server.answer { _ in Answer(status: 503, headers: ["Retry-After": "300"]) }
    // After the first failure half a second to one; the next one asks for more.
    clock.advance(by: .seconds(1))
    await clock.waitForSleepers()
    await expectNext(300...300)
    server.answer { _ in Answer(status: 503, headers: ["Retry-After": "99999999999999999999"]) }
    await expectNext(300...300)
    server.answer { _ in Answer(status: 503) }
    await expectNext(1_000...1_000)
    // Many failures: eight seconds at most, and four at least.
    await expectNext(4...8)
    server.answer { _ in Answer(body: body) }
    await expectNext(4...8)
    await expectNext(90...110)
    #expect(taker.taken == [bundle.digest])
    running.cancel()
    try await running.value
  }

  @Test(
    arguments: [
      ("0", 0), (" 120 ", 120), ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
      ("Sun, 06 Nov 1994 08:00:00 GMT", 0), ("99999999999999999999", Int(Int32.max)), ("-1", nil),
      ("soon", nil), ("", nil), ("1.5", nil),
    ] as [(String, Int?)])
  func `What a server asks for is seconds or a date`(_ text: String, _ seconds: Int?) {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let now = Date(timeIntervalSince1970: 784_111_777)
    #expect(RetryAfter.duration(of: text, now: now) == seconds.map { .seconds($0) })
  }

  @Test func `A graceful shutdown ends the source, also while a server says nothing`() async throws
  {
    let (requests, asked) = AsyncStream.makeStream(of: Void.self)
    let server = try await BundleServer { _ in
      asked.yield()
      return Answer(isSilent: true)
    }
    let source = try source(server.url())
    let group = ServiceGroup(
      services: [source], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let ended: Void = group.run()
    for await _ in requests { break }
    await group.triggerGracefulShutdown()
    try await ended
  }

  private func source(
    _ url: String, _ options: RemoteBundleOptions = RemoteBundleOptions(),
    clock: any Clock<Duration> = ContinuousClock()
  ) throws -> RemoteBundleSource {
    try RemoteBundleSource(
      url: url, options: options, folders: folders,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock,
      apply: { [taker] bundle, folder in try taker.take(bundle, folder) })
  }
}
