import HotReloadServer
import HotReloadTesting
import NIOCore
import ServiceLifecycle
import Testing

@testable import HotReload

@Suite("A listener that moves to another port", .timeLimit(.minutes(5)))
struct PortChangeTests {
  @Test(
    "answers on the new port before the old one asks anybody to leave, and closes the old one last")
  func moving() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    let oldPort = try freePort()
    let first = try await driven.apply("port = \(oldPort)")
    let kept = try await Client.open(oldPort)
    #expect(try await kept.request().saysClose == false)

    let newPort = try freePort()
    let second = try await driven.prepare("port = \(newPort)")
    #expect(try await Client.open(newPort).request().body == "hello")
    #expect(try await kept.request() == Answer(status: 200, body: "hello", saysClose: false))

    await driven.activate(second)
    #expect(try await kept.request() == Answer(status: 200, body: "hello", saysClose: true))
    try await kept.waitForClose()
    // Who has not heard of the new port is still served.
    #expect(try await Client.open(oldPort).request().saysClose)
    #expect(try await Client.open(newPort).request().saysClose == false)

    await driven.participant.retire(first)
    await #expect(throws: ClientFailure.self) { try await Client.open(oldPort) }
    #expect(try await Client.open(newPort).request().body == "hello")
    await driven.end()
    await #expect(throws: ClientFailure.self) { try await Client.open(newPort) }
  }

  @Test("stays where it is when another change comes, or when the new port is taken")
  func staying() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    let port = try await driven.apply("port = 0").port()
    let kept = try await Client.open(port)
    #expect(try await kept.request().status == 200)
    try await driven.apply("port = 0\ngreeting = \"other\"")
    let error = await #expect(throws: ReconfigurableServiceError.self) {
      try await driven.prepare("port = \(port)")
    }
    #expect(error?.description.contains("in use") == true)
    #expect(try await kept.request() == Answer(status: 200, body: "hello", saysClose: false))
    await driven.end()
  }

  @Test("lets clients stay again when the change is rolled back")
  func rollingBack() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    let first = try await driven.apply("port = 0")
    let kept = try await Client.open(first.port())
    #expect(try await kept.request().saysClose == false)
    let second = try await driven.prepare("port = \(freePort())")
    let moved = try await Client.open(second.port())
    #expect(try await moved.request().saysClose == false)
    await driven.activate(second)
    await driven.activate(first)
    #expect(try await kept.request().saysClose == false)
    #expect(try await moved.request().saysClose)
    await driven.participant.retire(second)
    #expect(try await kept.request().saysClose == false)
    await driven.end()
  }

  @Test("goes back to the old port at once, while the old listener is still ending")
  func flippingBack() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    let (a, b) = (try freePort(), try freePort())
    let first = try await driven.apply("port = \(a)")
    let kept = try await Client.open(a)
    #expect(try await kept.request().status == 200)
    await driven.activate(try await driven.prepare("port = \(b)"))
    async let retired: Void = driven.participant.retire(first)
    await eventually { first.incarnation.isEnding }
    let back = try await driven.prepare("port = \(a)")
    let second = await driven.activate(back)
    // The connection that the first listener had left is not the new one's.
    #expect(try await kept.request().saysClose)
    #expect(try await Client.open(a).request().saysClose == false)
    await retired
    if let second { await driven.participant.retire(second) }
    await driven.end()
  }

  @Test("finishes a request that is under way on the old port, and says Connection: close with it")
  func requestUnderWay() async throws {
    let gate = Gate()
    let driven = try DrivenParticipant(testService(gate: gate), config: "server")
    let first = try await driven.apply("port = 0")
    let client = try await Client.open(first.port())
    try client.send("GET /gated HTTP/1.1\r\nHost: t\r\n\r\n")
    await gate.waitForArrival()
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    async let retired: Void = driven.participant.retire(first)
    await first.service.waitUntilReleased()
    gate.open()
    #expect(try await client.receive() == Answer(status: 200, body: "gated", saysClose: true))
    try await client.waitForClose()
    await retired
    #expect(first.service.connections.count == 0)
    await driven.end()
  }

  @Test(
    "answers all requests that a client sent in advance, and says Connection: close with the last")
  func pipelined() async throws {
    let gate = Gate()
    let driven = try DrivenParticipant(testService(gate: gate), config: "server")
    let first = try await driven.apply("port = 0")
    let client = try await Client.open(first.port())
    let request = "GET /gated HTTP/1.1\r\nHost: t\r\n\r\n"
    try client.send(request + request.replacing("/gated", with: "/"))
    await gate.waitForArrival()
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    gate.open()
    #expect(try await client.receive() == Answer(status: 200, body: "gated", saysClose: false))
    #expect(try await client.receive() == Answer(status: 200, body: "hello", saysClose: true))
    await driven.participant.retire(first)
    await driven.end()
  }

  @Test("waits for unused connections, and answers what they send")
  func lateRequest() async throws {
    let limits = ServerConnections.Limits(
      idleWhenReplaced: .seconds(120), linger: .milliseconds(200))
    let driven = try DrivenParticipant(testService(connectionLimits: limits), config: "server")
    let first = try await driven.apply("port = 0")
    let late = try await Client.open(first.port())
    #expect(try await late.request().status == 200)
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    async let retired: Void = driven.participant.retire(first)
    await first.service.waitUntilReleased()
    // The listener is closed, the connection is not.
    #expect(try await late.request() == Answer(status: 200, body: "hello", saysClose: true))
    // The client does not close its end; the server does not wait for it forever.
    await retired
    #expect(first.service.connections.count == 0)
    await driven.end()
  }

  @Test("closes unused connections after their limit")
  func unusedConnections() async throws {
    let limits = ServerConnections.Limits(
      idleWhenReplaced: .milliseconds(300), linger: .milliseconds(200))
    let driven = try DrivenParticipant(testService(connectionLimits: limits), config: "server")
    let first = try await driven.apply("port = 0")
    let unused = try await Client.open(first.port())
    #expect(try await unused.request().status == 200)
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    async let retired: Void = driven.participant.retire(first)
    try await unused.waitForClose()
    await retired
    #expect(first.service.connections.count == 0)
    await driven.end()
  }

  @Test("is closed in the end although clients keep coming, and survives that")
  func clientsThatKeepComing() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    let first = try await driven.apply("port = 0")
    let load = MovingLoad(port: try first.port())
    load.start(clients: 4)
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    await driven.participant.retire(first)
    await eventually { !load.counts.failures.isEmpty }
    let second = try #require(driven.current)
    #expect(try await Client.open(second.port()).request().saysClose == false)
    await load.stop()
    await driven.end()
  }

  @Test("survives being cancelled while clients keep coming")
  func cancelled() async throws {
    let service = testService()
    let driven = try DrivenParticipant(service, config: "server")
    let load = MovingLoad(port: try await driven.apply("port = 0").port())
    load.start(clients: 4)
    await eventually { load.counts.answered >= 100 }
    let running = Task { try await service.run() }
    running.cancel()
    try await running.value
    await eventually { !load.counts.failures.isEmpty }
    await load.stop()
    await driven.end()
  }

  @Test("cuts a request off that takes longer than the drain's limit")
  func drainLimit() async throws {
    let gate = Gate()
    let limits = ServiceLimits(drain: .milliseconds(800), cancellation: .seconds(5))
    let driven = try DrivenParticipant(testService(gate: gate, limits: limits), config: "server")
    let first = try await driven.apply("port = 0")
    let client = try await Client.open(first.port())
    try client.send("GET /gated HTTP/1.1\r\nHost: t\r\n\r\n")
    await gate.waitForArrival()
    await driven.activate(try await driven.prepare("port = \(freePort())"))
    await driven.participant.retire(first)
    // The gate gives way to the cancellation of the request's task, so that the answer comes early; or none.
    #expect(first.service.connections.count == 0)
    await driven.end()
  }

  @Test(
    "at the program's end answers what it was asked, and does not wait long for unused connections")
  func shuttingDown() async throws {
    let gate = Gate()
    let service = testService(gate: gate)
    let driven = try DrivenParticipant(service, config: "server")
    let product = try await driven.apply("port = 0")
    let group = ServiceGroup(services: [service], logger: .silent)
    let running = Task { try await group.run() }
    let unused = try await Client.open(product.port())
    #expect(try await unused.request().status == 200)
    let client = try await Client.open(product.port())
    try client.send("GET /gated HTTP/1.1\r\nHost: t\r\n\r\n")
    await gate.waitForArrival()
    await group.triggerGracefulShutdown()
    try await unused.waitForClose()
    gate.open()
    #expect(try await client.receive() == Answer(status: 200, body: "gated", saysClose: true))
    try await running.value
    await driven.end()
  }

  @Test("moves ten times under load without one failed request or one connection closed too early")
  func underLoad() async throws {
    let driven = try DrivenParticipant(testService(), config: "server")
    var port = try await driven.apply("port = 0").port()
    var ports: Set = [port]
    let load = MovingLoad(port: port)
    load.start(clients: 8)
    for _ in 0..<10 {
      let used = port
      await eventually { load.counts.byPort[used, default: 0] > 0 }
      // The system may give one again that was used before.
      var free = try freePort()
      while ports.contains(free) { free = try freePort() }
      let product = try await driven.prepare("port = \(free)")
      port = try product.port()
      ports.insert(port)
      load.move(to: port)
      let old = await driven.activate(product)
      let newer = port
      await eventually { load.counts.byPort[newer, default: 0] >= 50 }
      if let old { await driven.participant.retire(old) }
    }
    await load.stop()
    let counts = load.counts
    #expect(counts.failures.isEmpty, "\(counts.failures.prefix(5))")
    #expect(counts.closedEarly == 0)
    #expect(Set(counts.byPort.keys) == ports && ports.count == 11)
    await driven.end()
  }
}

/// Returns when a condition that another thread brings about is true.
func eventually(_ condition: @Sendable () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}
