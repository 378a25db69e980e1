import HotReload
import HotReloadContent
import HotReloadTesting
import SystemPackage
import Testing

@Suite("Serving large assets from the disk", .timeLimit(.minutes(5)))
struct LargeAssetTests {
  private static let large = String(repeating: "0123456789abcdef", count: 200_000)

  @Test("sends them whole, in part, and not at all to HEAD and who has them")
  func streams() async throws {
    try await AssetServer.serving(["static/a.bin": Self.large]) { server in
      #expect(server.assets.current["static/a.bin"]?.bytes == nil)
      for path in ["/static/a.bin", try server.url("a.bin")] {
        let answer = try await server.get(path)
        #expect(answer.status == 200 && answer.text == Self.large)
        #expect(answer.headers["content-length"] == "\(Self.large.utf8.count)")
        let part = try await server.get(path, "Range: bytes=3000000-3000003")
        #expect(part.status == 206 && part.text == "0123")
        let head = try await server.get(path, method: "HEAD")
        #expect(head.body.isEmpty && head.headers["content-length"] == "\(Self.large.utf8.count)")
        let tag = try #require(answer.headers["etag"])
        #expect(try await server.get(path, "If-None-Match: \(tag)").status == 304)
      }
      await eventually { openFiles(below: server.folder.root.string + "/static/a.bin") == 0 }
    }
  }

  @Test(
    "reads them from the folder that the assets in force come from, and from the next one with the same bytes"
  )
  func folders() async throws {
    let first = try TemporaryWorkspace()
    let second = try TemporaryWorkspace()
    let theirs = Self.large.replacing("0", with: "X")
    for folder in [first, second] { try folder.write("static/a.bin", theirs) }
    try second.write("static/small.css", "a {}")
    try await AssetServer.serving(["static/a.bin": Self.large], isManaged: true) { server in
      #expect(try await server.get("/static/a.bin").text == Self.large)
      func bring(_ folder: TemporaryWorkspace) async throws {
        let candidate = Candidate.everything(by: .other("test"), from: .folder(folder.root))
        #expect(try await server.manager.submit(candidate).isAccepted)
      }
      try await bring(first)
      #expect(server.assets.current["static/a.bin"]?.root == first.root)
      #expect(try await server.get("/static/a.bin").text == theirs)
      #expect(try await server.get(server.url("a.bin")).text == theirs)
      try await bring(second)
      // Whoever brings folders may remove those that are not in force any more.
      try first.remove("static")
      #expect(try await server.get("/static/a.bin").text == theirs)
      #expect(try await server.get("/static/small.css").text == "a {}")
      try server.folder.remove("static")
      #expect(try await server.get(server.url("a.bin")).text == theirs)
    }
  }

  @Test("serves one that was only touched, and never other bytes than the name promises")
  func changed() async throws {
    try await AssetServer.serving(["static/a.bin": Self.large]) { server in
      let hashed = try server.url("a.bin")
      server.manager.pause()
      try server.folder.setModificationTime("static/a.bin", nanoseconds: 1_000_000_000)
      for _ in 0..<2 { #expect(try await server.get(hashed).text == Self.large) }
      try server.folder.replace("static/a.bin", Self.large.replacing("0", with: "X"))
      for path in [hashed, "/static/a.bin"] {
        let answer = try await server.get(path)
        #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
      }
      try server.folder.remove("static/a.bin")
      #expect(try await server.get(hashed).status == 503)
      let outside = try TemporaryWorkspace()
      try outside.write("a.bin", Self.large)
      try server.folder.symlink("static/a.bin", to: outside.path("a.bin"))
      #expect(try await server.get(hashed).status == 503)
    }
  }

  /// A client that has had the beginning of the file `a.bin`, and takes the rest later.
  private static func clientOfHalf(_ server: AssetServer) async throws -> Client {
    let client = try await Client.open(server.port)
    try client.send("GET /static/a.bin HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    let first = try await Client.executor.run { try client.read(atLeast: 1_000) }
    #expect(first.starts(with: "HTTP/1.1 200".utf8))
    return client
  }

  @Test("breaks an answer off when the file is written to meanwhile")
  func writtenWhileSent() async throws {
    // More than the buffers of both ends of a connection hold.
    let size = 48 << 20
    try await AssetServer.serving(["static/a.bin": String(repeating: "a", count: size)]) { server in
      let client = try await Self.clientOfHalf(server)
      try server.folder.write("static/a.bin", String(repeating: "b", count: size))
      let all = try await Client.executor.run { try client.readToEnd() }
      let answer = try #require(RawAnswer(all))
      #expect(answer.headers["content-length"] == "\(size)")
      #expect(answer.body.count < size && !answer.body.contains(UInt8(ascii: "b")))
      await eventually { openFiles(below: server.folder.root.string + "/static/a.bin") == 0 }
    }
  }

  @Test("breaks an answer off when the file is cut meanwhile, and promises nothing the next time")
  func cutWhileSent() async throws {
    let size = 48 << 20
    try await AssetServer.serving(["static/a.bin": String(repeating: "a", count: size)]) { server in
      let client = try await Self.clientOfHalf(server)
      server.manager.pause()
      try server.folder.write("static/a.bin", String(repeating: "a", count: 1_000))
      let all = try await Client.executor.run { try client.readToEnd() }
      let answer = try #require(RawAnswer(all))
      #expect(answer.headers["content-length"] == "\(size)")
      #expect(answer.body.count < size && answer.body.allSatisfy { $0 == UInt8(ascii: "a") })
      #expect(try await server.get("/static/a.bin").status == 503)
      server.manager.resume()
      try await server.manager.sync()
      #expect(try await server.get("/static/a.bin").body.count == 1_000)
    }
  }

  @Test("sends one that is replaced meanwhile to its end, as it was")
  func replacedWhileSent() async throws {
    let size = 48 << 20
    try await AssetServer.serving(["static/a.bin": String(repeating: "a", count: size)]) { server in
      let client = try await Self.clientOfHalf(server)
      try server.folder.replace("static/a.bin", String(repeating: "b", count: 2_000))
      try await server.manager.sync()
      let all = try await Client.executor.run { try client.readToEnd() }
      let answer = try #require(RawAnswer(all))
      #expect(answer.body.count == size && answer.body.allSatisfy { $0 == UInt8(ascii: "a") })
      #expect(try await server.get("/static/a.bin").body.count == 2_000)
    }
  }

  @Test("keeps no file open after many answers that were read or given up")
  func descriptors() async throws {
    try await AssetServer.serving(["static/a.bin": Self.large]) { server in
      for round in 0..<40 {
        let client = try await Client.open(server.port)
        try client.send("GET /static/a.bin HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        if round % 2 == 0 {
          _ = try await Client.executor.run { try client.read(atLeast: 100) }
        } else {
          _ = try await Client.executor.run { try client.readToEnd() }
        }
      }
      await eventually { openFiles(below: server.folder.root.string + "/static/a.bin") == 0 }
      #expect(try await server.get("/static/a.bin").text == Self.large)
    }
  }

  /// Returns when a condition that the server brings about is true; the suite's time limit ends it.
  private func eventually(_ condition: @Sendable () -> Bool) async {
    while !condition(), !Task.isCancelled { await Task.yield() }
    #expect(condition())
  }
}
