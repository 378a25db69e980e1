import HTTPTypes
import Testing

@testable import HotReloadBrowser

@Suite("The parts of a socket")
struct SocketPartTests {
  @Test(
    "an outbox leaves out what a client does not keep up with, and says so when it has taken the rest"
  )
  func outbox() {
    var limits = LiveLimits()
    limits.queuedMessages = 2
    limits.queuedBytes = 100
    var outbox = LiveOutbox(limits)
    #expect([outbox.admits(10), outbox.admits(10), outbox.admits(10)] == [true, true, false])
    // It is behind until it has taken everything, so that nothing overtakes what it missed.
    #expect([outbox.sent(10), outbox.admits(10), outbox.sent(10)] == [false, false, true])
    #expect(outbox.isEmpty)
    #expect([outbox.admits(90), outbox.admits(20), outbox.sent(90)] == [true, false, true])
    // One message is admitted however large it is, or it would never be sent.
    #expect(
      [outbox.admits(1_000), outbox.admits(10), outbox.admits(10, always: true)] == [
        true, false, true,
      ])
  }

  @Test("a client may send a burst, and then as many messages as its rate allows")
  func budget() {
    var limits = LiveLimits()
    limits.messagesPerSecond = 10
    limits.burstSeconds = 2
    let start = ContinuousClock.now
    var budget = MessageBudget(limits, now: start)
    let burst = (0..<21).map { _ in budget.takes(at: start) }
    #expect(burst == Array(repeating: true, count: 20) + [false])
    let later = start + .milliseconds(150)
    #expect([budget.takes(at: later), budget.takes(at: later)] == [true, false])
    let rested = (0..<21).map { _ in budget.takes(at: start + .seconds(60)) }
    #expect(rested == burst)
  }

  static func handshake(
    _ target: String = "/_hotreload/socket?token=T", _ changes: [(HTTPField.Name, [String])] = [],
    method: HTTPRequest.Method = .get, token: LiveToken
  ) -> SocketHandshake {
    var request = HTTPRequest(
      method: method, scheme: "http", authority: "localhost:8080",
      path: target.replacing("=T", with: "=\(token.text)"))
    request.headerFields = [
      .connection: "keep-alive, Upgrade", .upgrade: "WebSocket", .secWebSocketVersion: "13",
      .secWebSocketKey: "dGhlIHNhbXBsZSBub25jZQ==", .origin: "http://localhost:8080",
    ]
    for (name, values) in changes { request.headerFields[values: name] = values }
    return SocketHandshake(request, policy: RequestPolicy(), token: token)
  }

  static func status(_ handshake: SocketHandshake) -> Int {
    switch handshake {
    case .notOurs: 0
    case .accepted: 101
    case .refused(let refusal): refusal.status.code
    }
  }

  @Test("a handshake is accepted, refused with the right status, or none of ours")
  func handshakes() {
    let token = LiveToken()
    func status(
      _ target: String = "/_hotreload/socket?token=T",
      _ changes: [(HTTPField.Name, [String])] = [], method: HTTPRequest.Method = .get
    ) -> Int {
      Self.status(Self.handshake(target, changes, method: method, token: token))
    }
    #expect(status() == 101)
    #expect(status("/livereload") == 101)
    #expect(status("/livereload", [(.origin, [])]) == 101)
    #expect(status("/livereload", [(.origin, ["http://evil.example"])]) == 403)
    #expect(status("/chat") == 0)
    #expect(status("/%5fhotreload/socket?token=T") == 0)
    #expect(status("/_hotreload/socket?token=T", [(.upgrade, ["h2c"])]) == 0)
    #expect(status("/_hotreload/socket?token=T", [(.connection, ["keep-alive"])]) == 0)
    #expect(status("/_hotreload/socket") == 403)
    #expect(status("/_hotreload/socket?token=") == 403)
    #expect(status("/_hotreload/socket?token=T&token=T") == 403)
    #expect(status("/_hotreload/socket?xtoken=T") == 403)
    #expect(status("/_hotreload/socket?a=b&token=T") == 101)
    #expect(status("/_hotreload/socket?token=T", method: .post) == 400)
    #expect(status("/_hotreload/socket?token=T", [(.contentLength, ["5"])]) == 400)
    for version in [["12"], ["13", "13"], [], ["8, 13"]] {
      #expect(status("/_hotreload/socket?token=T", [(.secWebSocketVersion, version)]) == 426)
    }
    let key = "dGhlIHNhbXBsZSBub25jZQ=="
    for keys in [[key, key], [], ["short"], [key + "="], ["dGhlIHNhbXBsZSBub25jZ\r\n=="]] {
      #expect(status("/_hotreload/socket?token=T", [(.secWebSocketKey, keys)]) == 400)
    }
  }

  @Test("the answer to a handshake has the proof of RFC 6455")
  func proof() {
    let fields = SocketHandshake.answer(toKey: "dGhlIHNhbXBsZSBub25jZQ==")
    #expect(fields[.secWebSocketAccept] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test("our own protocol answers a ping, and nothing else")
  func ownWire() {
    var wire = SocketWire(.own)
    #expect(wire.receive(#"{"type":"ping"}"#) == .send([#"{"type":"pong"}"#]))
    for text in [
      "", "ping", "[]", "{}", #"{"type":"read","path":"/etc/passwd"}"#, #"{"type":{}}"#,
      String(repeating: "[", count: 4_000),
    ] { #expect(wire.receive(text) == .ignore, "\(text)") }
  }

  @Test("LiveReload protocol 7 begins with a hello of the client, and knows only reloads")
  func liveReload7() {
    var wire = SocketWire(.liveReload7)
    let style = LiveAssetChange(path: "/static/app.css", url: "/static/app.css", kind: .style)
    let update = WireMessage(.update(.init(generation: 1, assets: [style])))
    #expect(wire.texts(for: update).isEmpty)
    #expect(wire.receive(#"{"command":"hello","protocols":["http://other"]}"#) == .close)
    #expect(wire.texts(for: update).isEmpty)
    let hello = #"{"command":"hello","protocols":["x","\#(SocketWire.official7)"],"ver":"3"}"#
    guard case .send(let answers) = wire.receive(hello) else {
      Issue.record("no hello")
      return
    }
    #expect(answers.count == 1 && answers[0].contains(SocketWire.official7))
    #expect(
      wire.texts(for: update) == [
        #"{"command":"reload","path":"/static/app.css","liveCSS":true,"liveImg":true}"#
      ])
    let page = WireMessage(.update(.init(generation: 1, uses: ["config:app"], assets: [style])))
    #expect(
      wire.texts(for: page) == [#"{"command":"reload","path":"/","liveCSS":true,"liveImg":true}"#])
    let sheet = LiveAssetChange(
      path: "/static/app.css", old: "/static/app.1.css", url: "/static/app.2.css", kind: .style)
    let hashedSheet = WireMessage(.update(.init(generation: 1, assets: [sheet])))
    #expect(wire.texts(for: hashedSheet) == wire.texts(for: update))
    let image = LiveAssetChange(path: "/a.png", old: "/a.1.png", url: "/a.2.png", kind: .image)
    let hashedImage = WireMessage(.update(.init(generation: 1, assets: [style, image])))
    #expect(wire.texts(for: hashedImage) == wire.texts(for: page))
    #expect(wire.receive(#"{"command":"info","url":"http://x"}"#) == .ignore)
    #expect(wire.receive(#"{"command":"url","url":"http://x"}"#) == .ignore)
    #expect(wire.texts(for: WireMessage(.clear)).isEmpty)
  }
}
