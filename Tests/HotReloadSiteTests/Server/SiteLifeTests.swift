import Foundation
import Glibc
import HotReloadServer
import HotReloadSite
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

@Suite("The life of a site's server", .timeLimit(.minutes(5)))
struct SiteLifeTests {
  @Test("does not begin on a port that is taken, and the error says so")
  func portTaken() async throws {
    try await RunningSite.run { site in
      let folder = try TemporaryWorkspace()
      let error = await #expect(throws: ListeningError.self) {
        try await RunningSite.run(folder, port: site.port) { _ in }
      }
      #expect(error?.errno == .addressInUse)
      #expect(OpenDescriptors.count(below: folder.root.string) == 0)
      #expect(try await site.isWell())
    }
  }

  @Test(
    "ends although a socket, a stream of events and a connection that is kept are open, and answers what it was asked"
  )
  func ends() async throws {
    let clients = try await RunningSite.run { site in
      let socket = try await site.socket()
      let token = try #require(try await site.page().token)
      let events = try await RawClient.talk(site.port) { client in
        try client.send("GET /_hotreload/events?token=\(token) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        guard try client.receiveHead().status == 200 else { throw ClientFailure("no stream") }
        return client
      }
      let kept = try await RawClient.talk(site.port) { client in
        _ = try client.request("/static/app.css")
        return client
      }
      let begun = try await RawClient.talk(site.port) { client in
        try client.send(
          "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        // It has begun: the server waits for the form.
        guard try client.receiveHead().status == 100 else { throw ClientFailure("not begun") }
        return client
      }
      async let stopped: Void = site.site.stop()
      // The socket is told before anything else ends.
      let code = try await socket.talk { try $0.receiveClose() }
      #expect(code == 1001)
      let answer = try await begun.talk { client in
        try client.send("a=b")
        return try client.receiveHead().status
      }
      #expect(answer == 200)
      await stopped
      return (events, kept)
    }
    #expect(try await clients.1.talk { try $0.isClosed() })
    _ = try await clients.0.talk { try $0.receiveAll() }
  }

  @Test(
    "leaves nothing that watches when it is stopped without having run, and the workspace can be served again"
  )
  func neverRun() async throws {
    let folder = try TemporaryWorkspace()
    for (path, text) in RunningSite.small { try folder.write(path, text) }
    let site = try await RunningSite.start(folder)
    #expect(await site.manager.status().isRunning)
    await site.stop()
    await site.stop()
    #expect(await site.manager.status().isRunning == false)
    #expect(OpenDescriptors.count(below: folder.root.string) == 0)
    await #expect(throws: (any Error).self) { try await site.run { _ in } }
    let status = try await RunningSite.run(folder) { site in try await site.page().status }
    #expect(status == 200)
  }

  @Test(
    "goes on when the whole workspace is removed and made again: it serves, and keeps a journal")
  func recreatedRoot() async throws {
    try await RunningSite.run { site in
      let journal: FilePath = "data/hotreload/default/journal.jsonl"
      #expect(site.folder.exists(journal))
      await Self.remove(site.folder)
      try await site.sync()
      // What was good is served from memory; nothing is made in the place of the root.
      #expect(try await site.page().status == 200)
      #expect(!site.folder.exists(""))
      for round in 1...2 {
        try FileManager.default.createDirectory(
          atPath: site.folder.root.string, withIntermediateDirectories: true)
        for (path, text) in RunningSite.small { try site.folder.write(path, text) }
        try site.folder.write("config/site.toml", "title = \"Again \(round)\"\n")
        try await site.sync()
        let page = try await site.page()
        #expect(page.status == 200 && page.text.contains("<h1>Again \(round)</h1>"))
        #expect(try await site.request("/static/app.css").status == 200)
        // The journal finds its folder again with what it writes next.
        try site.folder.replace("config/site.toml", "title = \"Saved \(round)\"\n")
        try await site.sync()
        #expect(try await site.page().text.contains("<h1>Saved \(round)</h1>"))
        await eventually {
          site.folder.exists(journal) && site.site.manager.journalHealth == .healthy
        }
        let reasons = await site.site.manager.status().health.reasons
        #expect(reasons == [], "round \(round)")
        if round == 1 {
          await Self.remove(site.folder)
          try await site.sync()
        }
      }
    }
  }

  /// Removes a folder into which the journal may be writing meanwhile.
  private static func remove(_ folder: TemporaryWorkspace) async {
    await eventually {
      try? FileManager.default.removeItem(atPath: folder.root.string)
      return !folder.exists("")
    }
  }

  @Test("begins again at once on the port that it had")
  func again() async throws {
    let folder = try TemporaryWorkspace()
    for (path, text) in RunningSite.small { try folder.write(path, text) }
    let port = try await Self.freePort(folder)
    for _ in 0..<3 {
      try await RunningSite.run(folder, port: port) { site in
        #expect(site.port == port)
        // A connection that the server closes first keeps the port in TIME_WAIT for a while.
        let status = try await RawClient.talk(site.port) {
          try $0.request("/static/app.css").status
        }
        #expect(status == 200)
      }
    }
  }

  /// A port outside of the range from which the system takes those that nobody chose: no other test gets it meanwhile.
  private static func freePort(_ folder: TemporaryWorkspace) async throws -> Int {
    let attempts = 20
    for attempt in 1... {
      let port = Int.random(in: 20_000..<30_000)
      do { return try await RunningSite.run(folder, port: port) { $0.port } } catch {
        if attempt == attempts { throw error }
      }
    }
    return 0
  }

  @Test("leaves no descriptor behind, however often it begins and ends")
  func descriptors() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryWorkspace()
      for (path, text) in RunningSite.small { try folder.write(path, text) }
      func use() async throws {
        try await RunningSite.run(folder) { site in
          let socket = try await site.socket()
          guard try await site.page("/").status == 200 else { exit(1) }
          withExtendedLifetime(socket) {}
        }
      }
      // What is made once in a process: event loops, threads, the shared executor.
      for _ in 0..<2 { try await use() }
      let before = OpenDescriptors.count
      for _ in 0..<10 { try await use() }
      await eventually { OpenDescriptors.count <= before }
    }
  }
}
