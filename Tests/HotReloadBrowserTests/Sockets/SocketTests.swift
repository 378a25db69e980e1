import Foundation
import HotReload
import HotReloadBrowser
import HotReloadTesting
import RawHTTP
import Testing

@Suite("The sockets of live reload", .timeLimit(.minutes(5)))
struct SocketTests {
  @Test("tell of an edit, of an error with its lines, and that it is mended")
  func edits() async throws {
    try await LiveServer.run { server in
      let client = try await server.socket()
      try await server.save("greeting = \"two\"\n")
      let update = try await client.talk { try $0.receiveText() }
      #expect(update.contains(#""uses":["config:app"]"#))
      #expect(update.contains(#""all":false"#))
      try await server.save("greeting = \"three\"\npassword = \"hunter2\"\nport = \n")
      let error = try await client.talk { try $0.receiveText() }
      #expect(error.contains(#""type":"error""#))
      #expect(error.contains(#""file":"config/app.toml","line":3"#))
      #expect(
        error.contains(#""lines":["greeting = \"three\"","password = (redacted)","port = ",""]"#))
      #expect(!error.contains("hunter2"))
      // Who comes now is told too, right after the hello.
      let late = try await server.socket()
      #expect(try await late.talk { try $0.receiveText() } == error)
      try await server.save("greeting = \"four\"\n")
      for each in [client, late] {
        #expect(try await each.talk { try $0.receiveText() }.contains(#""type":"update""#))
        #expect(try await each.talk { try $0.receiveText() } == #"{"type":"clear"}"#)
      }
    }
  }

  @Test("tell what was wrong already when the server started")
  func wrongFromTheStart() async throws {
    try await LiveServer.run(editing: "greeting = \n") { server in
      let client = try await server.socket()
      let error = try await client.talk { try $0.receiveText() }
      #expect(error.contains(#""type":"error""#))
      #expect(error.contains(#""file":"config/app.toml","line":1"#))
    }
  }

  @Test("tell that a program is being compiled, also those who come meanwhile")
  func building() async throws {
    try await LiveServer.run { server in
      let client = try await server.socket()
      server.live.announce(.building)
      #expect(try await client.talk { try $0.receiveText() } == #"{"type":"building"}"#)
      let late = try await server.socket()
      #expect(try await late.talk { try $0.receiveText() } == #"{"type":"building"}"#)
      server.live.announce(.built(ok: true, output: nil))
      #expect(try await late.talk { try $0.receiveText() } == #"{"type":"built","ok":true}"#)
      let last = try await server.socket()
      let pong = try await last.talk { client in
        try client.sendText(#"{"type":"ping"}"#)
        return try client.receiveText()
      }
      #expect(pong == #"{"type":"pong"}"#)
    }
  }

  @Test("answer a close, and take frames that came with the handshake")
  func closing() async throws {
    try await LiveServer.run { server in
      let path = server.socketPath
      let frames = try await RawClient.talk(server.port) { client in
        let fields = RawClient.handshakeFields.map { $0 + "\r\n" }.joined()
        let ping: [UInt8] = [0x89, 0x82, 0, 0, 0, 0, 104, 105]
        let close: [UInt8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]
        let head = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
        try client.send(Array(head.utf8) + ping + close)
        guard try client.receiveHead().status == 101 else { throw ClientFailure("refused") }
        let frames = [
          try client.receiveFrame(), try client.receiveFrame(), try client.receiveFrame(),
        ]
        guard try client.isClosed() else { throw ClientFailure("not closed") }
        return frames
      }
      #expect(frames[0].text.contains("hello"))
      #expect(frames[1] == RawFrame(opcode: 10, payload: [104, 105]))
      #expect(frames[2].code == 1000)
      #expect(try await server.isWell())
    }
  }

  @Test("open on a connection that was used before, when nothing is under way on it")
  func laterRequest() async throws {
    try await LiveServer.run { server in
      let path = server.socketPath
      let hello = try await RawClient.talk(server.port) { client in
        guard try client.request("/").body == "hello" else { throw ClientFailure("no hello") }
        try client.upgrade(path)
        return try client.receiveText()
      }
      #expect(hello.contains(server.live.session))
    }
  }

  @Test("are pinged, and closed if they do not answer")
  func pings() async throws {
    var limits = LiveLimits()
    limits.pingInterval = .seconds(2)
    try await LiveServer.run(limits: limits) { server in
      let dead = try await server.socket()
      let alive = try await server.socket()
      try await alive.talk { client in
        for _ in 0..<2 {
          let ping = try client.receiveFrame()
          guard ping.opcode == 9 else { throw ClientFailure("not a ping: \(ping)") }
          try client.sendFrame(10, ping.payload)
        }
      }
      let pong = try await alive.talk { client in
        try client.sendText(#"{"type":"ping"}"#)
        return try client.receiveText()
      }
      #expect(pong == #"{"type":"pong"}"#)
      let pings = try await dead.talk { try $0.receiveAll() }
      #expect(pings == "\u{FFFD}\u{0}")
    }
  }

  @Test("are limited in number: beyond it the answer is 503, until somebody leaves")
  func seats() async throws {
    var limits = LiveLimits()
    limits.clients = 2
    try await LiveServer.run(limits: limits) { server in
      let path = server.socketPath
      let events = path.replacing("/socket", with: "/events")
      let first = try await server.socket()
      do {
        let second = try await server.socket()
        for target in [path, events] {
          let answer = try await RawClient.talk(server.port) {
            try $0.request(target, target == path ? RawClient.handshakeFields : [])
          }
          #expect(answer.status == 503)
        }
        #expect(server.live.clientCount == 2)
        _ = second
      }
      await eventually { server.live.clientCount == 1 }
      _ = try await server.socket()
      _ = first
    }
  }

  @Test(
    "are connections like all others, which are limited in number: one too many is closed at once")
  func connections() async throws {
    var limits = LiveLimits()
    limits.connections = 2
    try await LiveServer.run(limits: limits) { server in
      let socket = try await server.socket()
      do {
        let other = try await RawClient.talk(server.port) { client in
          _ = try client.request()
          return client
        }
        #expect(try await RawClient.talk(server.port) { try $0.isClosed() })
        _ = other
      }
      await eventually { server.openConnections == 1 }
      #expect(try await server.isWell(others: 1))
      _ = socket
    }
  }

  @Test("that take nothing are cut, and nobody else waits for them")
  func slowClients() async throws {
    var limits = LiveLimits()
    limits.stall = .milliseconds(300)
    try await LiveServer.run(limits: limits) { server in
      let path = server.socketPath
      let events = path.replacing("/socket", with: "/events")
      let slow = try await RawClient.talk(server.port, receiveBuffer: 4_096) { client in
        try client.upgrade(path)
        return client
      }
      let slowStream = try await RawClient.talk(server.port, receiveBuffer: 4_096) { client in
        try client.send("GET \(events) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try client.receiveHead()
        return client
      }
      let download = try await RawClient.talk(server.port, receiveBuffer: 4_096) { client in
        try client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client
      }
      let output = String(repeating: "x", count: 500_000)
      await eventually {
        server.live.announce(.built(ok: false, output: output))
        return server.live.clientCount == 0
      }
      #expect(try await server.isWell())
      withExtendedLifetime((slow, slowStream, download)) {}
    }
  }

  @Test("get one update for everything that they missed when they were too slow")
  func catchingUp() async throws {
    var limits = LiveLimits()
    limits.queuedMessages = 4
    try await LiveServer.run(limits: limits) { server in
      let client = try await RawClient.talk(server.port, receiveBuffer: 65_536) {
        [path = server.socketPath] client in
        try client.upgrade(path)
        return client
      }
      let output = String(repeating: "x", count: 500_000)
      for _ in 0..<200 { server.live.announce(.built(ok: false, output: output)) }
      server.live.announce(.built(ok: true, output: nil))
      let last = try await client.talk { client in
        var text = ""
        repeat { text = try client.receiveText() } while !text.contains(#""all":true"#)
        return text
      }
      #expect(last.contains(#""type":"update""#))
    }
  }

  @Test("come and go by the thousand, and leave nothing behind")
  func manySockets() async throws {
    // A long run: HOTRELOAD_SOCKETS=10000 scripts/test --filter manySockets
    let count =
      ProcessInfo.processInfo.environment["HOTRELOAD_SOCKETS"].flatMap { Int($0) } ?? 2_000
    try await LiveServer.run { server in
      let path = server.socketPath
      let opened = try await withThrowingTaskGroup(of: Int.self) { group in
        for worker in 0..<8 {
          group.addTask {
            try await RawClient.executor.run {
              var opened = 0
              for number in stride(from: worker, to: count, by: 8) {
                let client = try RawClient(server.port)
                try client.upgrade(path)
                // Some stay until the hello, some leave before.
                if number % 2 == 0 { _ = try client.receiveText() }
                opened += 1
              }
              return opened
            }
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(opened == count)
      await eventually { server.live.clientCount == 0 }
      #expect(try await server.isWell())
    }
  }

  @Test("do not hold up the end of the server, whatever is connected")
  func shutdown() async throws {
    let clients = try await LiveServer.run { server in
      let path = server.socketPath
      let stream = path.replacing("/socket", with: "/events")
      let socket = try await server.socket()
      let events = try await RawClient.talk(server.port) { client in
        try client.send("GET \(stream) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try client.receiveHead()
        return client
      }
      let silent = try await RawClient.talk(server.port) { $0 }
      let used = try await RawClient.talk(server.port) { client in
        _ = try client.request()
        return client
      }
      let partly = try await RawClient.talk(server.port) { client in
        try client.send("GET / HT")
        return client
      }
      return [socket, events, silent, used, partly]
    }
    #expect(try await clients[0].talk { try $0.receiveClose() } == 1001)
    #expect(try await clients[1].talk { try $0.receiveAll() }.hasSuffix("0\r\n\r\n"))
    for client in clients[2...] { #expect(try await client.talk { try $0.isClosed() }) }
  }

  @Test("speak LiveReload protocol 7 with existing browser extensions")
  func liveReload7() async throws {
    try await LiveServer.run { server in
      let hello =
        #"{"command":"hello","protocols":["http://livereload.com/protocols/official-7"],"ver":"3.3.1"}"#
      let client = try await RawClient.talk(server.port) { client in
        try client.upgrade("/livereload", ["Origin: http://127.0.0.1:3000"])
        try client.sendText(hello)
        guard try client.receiveText().contains(#""command":"hello""#) else {
          throw ClientFailure("no hello")
        }
        try client.sendText(#"{"command":"info","plugins":{},"url":"http://localhost/"}"#)
        return client
      }
      try await server.save("greeting = \"two\"\n")
      let reload = try await client.talk { try $0.receiveText() }
      #expect(reload == #"{"command":"reload","path":"/","liveCSS":true,"liveImg":true}"#)
    }
  }
}
