import Crypto
import Foundation
import HotReload
import HotReloadTesting
import Testing
import WorkspaceTools

@testable import HotReloadWebhook

@Suite("A webhook", .timeLimit(.minutes(5)))
struct WebhookTests {
  @Test("posts the event as JSON, with its name, once, over one connection for all events")
  func success() async throws {
    let server = try ScriptedServer(.status(204))
    let bench = try WebhookBench(
      server.url("/a/b?c=d"),
      WebhookOptions(headers: ["Authorization": "Bearer x", "content-type": "text/plain"]))
    try await bench.send()
    try await bench.send()
    let requests = server.requests
    #expect(requests.count == 2)
    let request = try #require(requests.first)
    #expect(request.method == "POST" && request.path == "/a/b?c=d")
    #expect(request.body == WebhookBench.event.jsonBytes())
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["authorization"] == "Bearer x")
    #expect(request.headers["idempotency-key"] == "run-1")
    #expect(request.headers["webhook-id"] == "run-1")
    #expect(request.headers["webhook-signature"] == nil)
    #expect(requests.map(\.connection) == [1, 1])
    #expect(bench.notes.pauses.isEmpty)
    await bench.handler.end()
    server.stop()
  }

  @Test("leaves out secrets unless it is told otherwise")
  func redaction() async throws {
    let tree = try ConfigFormat.json.parse(
      Array(#"{"password": "hunter2", "port": 1}"#.utf8), file: "config/app.json")
    let event = PublishedEvent(.configChanged(name: "app", old: nil, new: tree))
    for (rules, isShown) in [(RedactionRules.default, false), (.none, true)] {
      let server = try ScriptedServer(.status(200))
      let bench = try WebhookBench(server.url(), WebhookOptions(redaction: rules))
      try await bench.send(event)
      let body = String(decoding: server.requests.first?.body ?? [], as: UTF8.self)
      #expect(body.contains("hunter2") == isShown)
      #expect(body.contains("port"))
      await bench.handler.end()
      server.stop()
    }
  }

  @Test("is signed so that its receiver can check it")
  func signature() async throws {
    let server = try ScriptedServer(.status(200))
    let secret = WebhookSecret("whsec_" + Data("a key of some length".utf8).base64EncodedString())
    let bench = try WebhookBench(server.url(), WebhookOptions(secret: secret))
    try await bench.send()
    let request = try #require(server.requests.first)
    let timestamp = try #require(request.headers["webhook-timestamp"])
    let signature = try #require(request.headers["webhook-signature"])
    #expect(signature.hasPrefix("v1,"))
    let code = try #require(Data(base64Encoded: String(signature.dropFirst(3))))
    #expect(
      HMAC<SHA256>.isValidAuthenticationCode(
        code, authenticating: Data("run-1.\(timestamp).".utf8) + request.body,
        using: SymmetricKey(data: Data("a key of some length".utf8))))
    let age = Int64(Date().timeIntervalSince1970) - (Int64(timestamp) ?? 0)
    #expect((0...60).contains(age))
    #expect("\(secret)" == "(redacted)" && !"\(WebhookOptions(secret: secret))".contains("key"))
    await bench.handler.end()
    server.stop()
  }

  @Test("is sent again after an error of the server, under the same name, with growing pauses")
  func retries() async throws {
    let server = try ScriptedServer(.status(500), .status(503), .close, .status(200))
    let bench = try WebhookBench(server.url())
    try await bench.send()
    #expect(
      server.requests.map { $0.headers["idempotency-key"] } == ["run-1", "run-1", "run-1", "run-1"])
    #expect(bench.notes.pauses == [.milliseconds(500), .seconds(1), .seconds(2)])
    await bench.handler.end()
    server.stop()
  }

  @Test("waits as long as the server asks for, within a bound")
  func retryAfter() async throws {
    let date = "Fri, 31 Dec 9999 23:59:59 GMT"
    let server = try ScriptedServer(
      .status(429, ["Retry-After": "7"]), .status(503, ["retry-after": "86400"]),
      .status(429, ["Retry-After": date]), .status(429, ["Retry-After": "soon"]), .status(200))
    let bench = try WebhookBench(server.url(), chance: 0)
    try await bench.send()
    #expect(
      bench.notes.pauses == [.seconds(7), .seconds(60), .seconds(60), .seconds(2)])
    await bench.handler.end()
    server.stop()
  }

  @Test("is given up after the last attempt, and then says the status and not the address")
  func exhausted() async throws {
    let server = try ScriptedServer(.status(502))
    let bench = try WebhookBench(
      server.url("/secret?token=hunter2"), WebhookOptions(maximumAttempts: 3))
    let error = try #require(await bench.failure())
    #expect(error.code == .failed && error.status == 502)
    #expect(error.message.contains("attempt 3") && error.message.contains("127.0.0.1"))
    #expect(!error.message.contains("secret") && !error.message.contains("hunter2"))
    #expect(server.requests.count == 3 && bench.notes.pauses.count == 2)
    await bench.handler.end()
    server.stop()
  }

  @Test(
    "is not sent again if the server refuses it", arguments: [400, 401, 404, 410, 422, 302, 304])
  func refused(_ status: Int) async throws {
    let server = try ScriptedServer(.status(status, ["Location": "/other"]))
    let bench = try WebhookBench(server.url())
    let error = try #require(await bench.failure())
    #expect(error.code == .refused && error.status == status)
    #expect(server.requests.count == 1 && bench.notes.pauses.isEmpty)
    await bench.handler.end()
    server.stop()
  }

  @Test("is sent again after 408 and 425", arguments: [408, 425])
  func early(_ status: Int) async throws {
    let server = try ScriptedServer(.status(status), .status(200))
    let bench = try WebhookBench(server.url())
    try await bench.send()
    #expect(server.requests.count == 2)
    await bench.handler.end()
    server.stop()
  }

  @Test("that nobody listens to fails after all attempts")
  func unreachable() async throws {
    try await ScriptedServer.withClosedPort { port in
      let bench = try WebhookBench("http://127.0.0.1:\(port)/secret")
      let error = try #require(await bench.failure())
      #expect(error.code == .failed && error.status == nil)
      #expect(error.message.contains("could not be reached") && !error.message.contains("secret"))
      #expect(bench.notes.pauses.count == 4)
      await bench.handler.end()
    }
  }
}

@Suite("A webhook with a server that is no good", .timeLimit(.minutes(5)))
struct BadServerTests {
  @Test(
    "breaks off an attempt that takes too long, and tries again",
    arguments: ["silence", "slow head"])
  func timeout(_ kind: String) async throws {
    let server = try ScriptedServer(kind == "silence" ? .silence : .slowHead, .status(200))
    let bench = try WebhookBench(server.url())
    async let sent: Void = bench.send()
    await eventually { server.requests.count == 1 && (kind == "silence" || server.sent > 5) }
    await bench.clock.waitForSleepers()
    bench.clock.advance(by: .seconds(10))
    try await sent
    #expect(server.requests.count == 2)
    #expect(server.requests.map(\.connection) == [1, 2])
    #expect(bench.notes.pauses.count == 1)
    await bench.handler.end()
    await eventually { server.open == 0 }
    server.stop()
  }

  @Test("takes the status for the answer, and closes a body that does not end")
  func slowBody() async throws {
    let server = try ScriptedServer(.slowBody)
    let bench = try WebhookBench(server.url())
    async let sent: Void = bench.send()
    await eventually { bench.notes.limits.last == WebhookHandler.maximumResponseTime }
    await bench.clock.waitForSleepers()
    bench.clock.advance(by: WebhookHandler.maximumResponseTime)
    try await sent
    await eventually { server.open == 0 }
    #expect(server.requests.count == 1)
    await bench.handler.end()
    server.stop()
  }

  @Test("reads only the beginning of a huge body")
  func hugeBody() async throws {
    let size = 1 << 30
    let server = try ScriptedServer(.huge(size))
    let bench = try WebhookBench(server.url())
    try await bench.send()
    await eventually { server.open == 0 }
    // What the kernel's buffers hold is sent without being read.
    #expect(server.sent < size / 8)
    await bench.handler.end()
    server.stop()
  }

  @Test("follows a redirect on the same server, and posts again there")
  func redirect() async throws {
    let server = try ScriptedServer(
      .status(307, ["Location": "/moved"]), .status(308, ["Location": "again"]), .status(200))
    let bench = try WebhookBench(server.url("/a/b"))
    try await bench.send()
    #expect(server.requests.map(\.path) == ["/a/b", "/moved", "/again"])
    #expect(server.requests.allSatisfy { $0.method == "POST" && !$0.body.isEmpty })
    await bench.handler.end()
    server.stop()
  }

  @Test("follows no redirect to another server, and no endless one")
  func foreignRedirect() async throws {
    let other = try ScriptedServer(.status(200))
    for location in [other.url(), "https://127.0.0.1/", "http://localhost:1/", "::", ""] {
      let server = try ScriptedServer(.status(307, ["Location": location]))
      let bench = try WebhookBench(server.url(), WebhookOptions(headers: ["Authorization": "x"]))
      let error = try #require(await bench.failure())
      #expect(error.code == .refused)
      await bench.handler.end()
      server.stop()
    }
    #expect(other.requests.isEmpty)
    other.stop()
    let server = try ScriptedServer(.status(307, ["Location": "/x"]))
    let bench = try WebhookBench(server.url())
    #expect(await bench.failure()?.message.contains("more than 3 times") == true)
    #expect(server.requests.count == WebhookHandler.maximumRedirects + 1)
    await bench.handler.end()
    server.stop()
  }

  @Test(
    "holds up no other handler, and a shutdown ends its attempt or its pause",
    arguments: [true, false])
  func shutdown(_ isPausing: Bool) async throws {
    let server = try ScriptedServer(isPausing ? .status(500) : .silence)
    let bench = try WebhookBench(server.url(), holdsPauses: true)
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "a = 1\n")
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    let source = ScriptedChangeSource()
    let manager = try await workspace.startHotReload(changes: source.factory)
    let registration = try manager.register(bench.handler, kinds: [.configChanged])
    let quick = try manager.registerReloadHandler(matching: "app", kinds: [.configChanged]) { _ in }
    for number in 2...3 {
      try folder.replace("config/app.toml", "a = \(number)\n")
      source.deliver(modified: "config/app.toml")
      try await manager.sync()
    }
    await eventually { quick.status.handled == 2 }
    await eventually { server.requests.count == 1 && (!isPausing || !bench.notes.pauses.isEmpty) }
    #expect(registration.status.waiting == 1)
    try await manager.shutdown()
    #expect(registration.status.handled == 1 && registration.status.abandoned == 0)
    #expect(server.requests.count == 1)
    let body =
      try JSONSerialization.jsonObject(with: Data(server.requests[0].body)) as? [String: Any]
    #expect(body?["event"] as? String == "configChanged" && body?["generation"] as? Int == 2)
    #expect(bench.clock.sleeperCount == 0)
    await eventually { server.open == 0 }
    server.stop()
  }

  @Test("closes its connections at its end, opens new ones after it, and needs no end")
  func connections() async throws {
    let server = try ScriptedServer(.status(200))
    do {
      let bench = try WebhookBench(server.url())
      try await bench.send()
      #expect(server.open == 1)
      await bench.handler.end()
      await eventually { server.open == 0 }
      try await bench.send()
      #expect(server.requests.map(\.connection) == [1, 2])
    }
    // It is gone without having been ended.
    await eventually { server.open == 0 }
    server.stop()
  }
}
