import Foundation
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("A control server on a real socket", .timeLimit(.minutes(5)))
struct ControlServerTests {
  private let workspace: TemporaryWorkspace
  private var folder: FilePath { workspace.path("data/hotreload/default") }
  private let ping = #"{"version":1,"request":"ping"}"# + "\n"
  private let reload = #"{"version":1,"request":"reload"}"# + "\n"

  init() throws {
    workspace = try TemporaryWorkspace()
  }

  /// A difference of so many bytes.
  private func large(_ bytes: Int) -> ControlDiff.Difference {
    .init(
      ConfigDifference(
        keyPath: ConfigKeyPath("a")!, old: nil,
        new: ConfigTree(.string(String(repeating: "x", count: bytes)))))
  }

  @Test("Requests are answered, several over one connection, and errors leave it usable")
  func requests() async throws {
    try await withServer(in: folder) { _, client in
      guard case .pong(let instance) = try await client.ask(.ping) else {
        Issue.record("no pong")
        return
      }
      #expect(instance.name == "scripted")
      await #expect(throws: ControlError(code: .notFound, message: "there is no generation 9")) {
        try await client.ask(.restore(config: "app", generation: 9))
      }
      let failure = await #expect(throws: ControlError.self) { try await client.ask(.status) }
      #expect(failure?.code == .failed)

      let raw = try RawClient(folder)
      try await raw.send("garbage\u{0}\n")
      #expect(try await raw.readError() == "malformed")
      try await raw.send(String(repeating: "[", count: 50_000) + "\n")
      #expect(try await raw.readError() == "malformed")
      try await raw.send(ping + ping)
      for _ in 0..<2 {
        guard case .line(let line) = try await raw.read() else { continue }
        #expect(line.hasPrefix(#"{"version":1,"answer":"pong""#))
      }
    }
  }

  @Test("A client that waits for its answer does not hold up the others")
  func twoAtOnce() async throws {
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target) { _, client in
      async let reloaded = client.ask(.reload)
      await target.waitForReloads(1)
      for _ in 0..<20 { _ = try await client.ask(.ping) }
      #expect(target.finishedReloads == 0)
      target.open()
      guard case .report(let report) = try await reloaded else {
        Issue.record("no report")
        return
      }
      #expect(report.generation == 7)
    }
  }

  @Test("Twenty clients at once are all answered, though only sixteen are let in together")
  func manyClients() async throws {
    try await withServer(in: folder) { server, client in
      var raw: [RawClient] = []
      for _ in 0..<server.limits.connections { raw.append(try RawClient(folder)) }
      for client in raw {
        try await client.send(ping)
        #expect(try await client.read() != .ended)
      }
      await #expect(throws: ControlError.self) { try await client.ask(.ping) }
      let refused = try RawClient(folder)
      #expect(try await refused.readError() == "busy")
      #expect(try await refused.read() == .ended)
      raw = []
      // Those that left make room, as soon as the server has seen it.
      var answered = false
      for _ in 0..<200 where !answered { answered = (try? await client.ask(.ping)) != nil }
      #expect(answered)
    }
  }

  @Test("A line of 100 MB is refused after its first 64 KiB")
  func endlessLine() async throws {
    try await withServer(in: folder) { _, client in
      let raw = try RawClient(folder)
      let took = try await raw.send([UInt8](repeating: 65, count: 100 << 20))
      #expect(!took)
      #expect(try await raw.readError() == "tooLong")
      #expect(try await raw.read() == .ended)
      _ = try await client.ask(.ping)
    }
  }

  @Test("Half a line is no request: after the client's end it is refused, and nothing is done")
  func halfALine() async throws {
    let target = ScriptedTarget()
    target.open()
    try await withServer(in: folder, target: target) { _, _ in
      let raw = try RawClient(folder)
      try await raw.send(String(reload.dropLast()))
      raw.endSending()
      #expect(try await raw.readError() == "malformed")
      #expect(try await raw.read() == .ended)
      #expect(target.finishedReloads == 0)
      // One that only stops to send gets its answer.
      let whole = try RawClient(folder)
      try await whole.send(reload)
      whole.endSending()
      #expect(try await whole.read() != .ended)
    }
  }

  @Test("A client that never reads is let go, and nobody waits for it")
  func neverReads() async throws {
    var limits = ControlLimits()
    limits.readingTime = .milliseconds(200)
    let target = ScriptedTarget(differences: [large(8 << 20)])
    try await withServer(in: folder, target: target, limits: limits) { _, client in
      let raw = try RawClient(folder)
      try await raw.send(#"{"version":1,"request":"diff","config":"app"}"# + "\n")
      _ = try await client.ask(.ping)
      // Once it is let go, its end can be seen from here: what it was sent is cut off.
      let reading = try await raw.readAfterHangup()
      #expect(reading < 8 << 20)
    }
    // One that reads gets all of it.
    try await withServer(in: folder, target: target) { _, client in
      guard case .diff(let diff) = try await client.ask(.diff(config: "app", from: nil, to: nil))
      else {
        Issue.record("no difference")
        return
      }
      #expect(diff.differences.first?.new?.string?.utf8.count == 8 << 20)
    }
  }

  @Test("A client that disappears leaves its request running, and the server well")
  func disappears() async throws {
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target) { _, client in
      for number in 1...40 {
        var raw: RawClient? = try RawClient(folder)
        try await raw?.send(reload)
        await target.waitForReloads(number)
        raw = nil
      }
      target.open()
      _ = try await client.ask(.reload)
      #expect(target.finishedReloads == 41)
    }
  }

  @Test("Clients that ask and leave cannot pile up more work than the limit")
  func boundedWork() async throws {
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target) { _, client in
      for number in 1...ControlServer.maximumRequests {
        let raw = try RawClient(folder)
        try await raw.send(reload)
        await target.waitForReloads(number)
      }
      let error = await #expect(throws: ControlError.self) { try await client.ask(.ping) }
      #expect(error?.code == .busy)
      target.open()
    }
  }

  @Test("Idle clients are let go, those whose work takes too long get an error")
  func limits() async throws {
    var limits = ControlLimits()
    limits.idleTime = .milliseconds(50)
    try await withServer(in: folder, limits: limits) { _, _ in
      let idle = try RawClient(folder)
      #expect(try await idle.read() == .ended)
    }
    limits = ControlLimits()
    limits.workTime = .milliseconds(50)
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target, limits: limits) { _, client in
      let error = await #expect(throws: ControlError.self) { try await client.ask(.reload) }
      #expect(error?.code == .timedOut)
      target.open()
    }
  }

  @Test("A client gives up at its own time limit")
  func clientLimit() async throws {
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target) { _, client in
      let error = await #expect(throws: ControlError.self) {
        try await client.ask(.reload, timeout: .milliseconds(20))
      }
      #expect(error?.code == .timedOut)
      target.open()
    }
  }

  @Test("A client gives up when it is cancelled")
  func clientCancelled() async throws {
    let target = ScriptedTarget()
    try await withServer(in: folder, target: target) { _, client in
      let asking = Task { try await client.ask(.reload) }
      await target.waitForReloads(1)
      asking.cancel()
      await #expect(throws: CancellationError.self) { try await asking.value }
      target.open()
    }
  }

  @Test("Values are hidden unless secrets are asked for")
  func secrets() async throws {
    let secret = ConfigDifference(keyPath: ConfigKeyPath("password")!, old: "a", new: "hunter2")
    let target = ScriptedTarget(differences: [.init(secret)])
    try await withServer(in: folder, target: target) { _, client in
      let request = ControlRequest.diff(config: "app", from: nil, to: nil)
      #expect(try await !"\(client.ask(request))".contains("hunter2"))
      guard case .diff(let diff) = try await client.ask(request, showSecrets: true) else { return }
      #expect(diff.differences.first?.new?.string == "hunter2")
    }
  }
}

@Suite("A control socket's place", .timeLimit(.minutes(5)))
struct ControlSocketTests {
  private let workspace: TemporaryWorkspace
  private var folder: FilePath { workspace.path("data/hotreload/default") }
  private var socket: FilePath { folder.appending(ControlFolder.socketName) }

  init() throws {
    workspace = try TemporaryWorkspace()
  }

  private func mode(_ path: FilePath) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  @Test("Socket and folder are for their owner alone, also where the folder was open before")
  func permissions() async throws {
    try workspace.makeDirectory(folder)
    try workspace.setMode(folder, 0o777)
    try await withServer(in: folder) { _, _ in
      let modes = try (folder: mode(folder), socket: mode(socket))
      #expect(modes.folder == 0o700)
      #expect(modes.socket == 0o600)
    }
    #expect(!workspace.exists(socket))
  }

  @Test("A workspace with a path of 300 bytes and more works")
  func longPath() async throws {
    var deep = workspace.root
    while deep.string.utf8.count < 300 { deep.append(String(repeating: "d", count: 60)) }
    let root = deep
    let folder = ControlFolder.all(root: root).appending("default")
    try await withServer(in: folder) { _, client in
      _ = try await client.ask(.ping)
      #expect(ControlFolder.instances(root: root).running == ["default"])
    }
    #expect(ControlFolder.instances(root: root).ended == ["default"])
  }

  @Test("A second server does not get the folder while the first lives, and gets it afterwards")
  func twoServers() async throws {
    try await withServer(in: folder) { _, client in
      let second = ControlServer(folder: folder, target: ScriptedTarget())
      let error = await #expect(throws: ControlError.self) { try await second.start() }
      #expect(error?.code == .inUse)
      await second.stop()
      // Its end has taken nothing away.
      _ = try await client.ask(.ping)
    }
    try await withServer(in: folder) { _, client in _ = try await client.ask(.ping) }
  }

  @Test("Of twenty servers that start at once on one folder exactly one lives")
  func startingAtOnce() async throws {
    let servers = (0..<20).map { _ in ControlServer(folder: folder, target: ScriptedTarget()) }
    let alive = await withTaskGroup(of: Int.self) { group in
      for server in servers {
        group.addTask { (try? await server.start()) == nil ? 0 : 1 }
      }
      return await group.reduce(0, +)
    }
    #expect(alive == 1)
    _ = try await ControlClient(folder: folder).ask(.ping)
    for server in servers { await server.stop() }
    #expect(!workspace.exists(socket))
  }

  @Test("What a dead process left, be it a socket or a file, is replaced")
  func stale() async throws {
    try workspace.makeDirectory(folder)
    let handle = try FileDescriptor.open(folder, .readOnly)
    try UnixSocket.listen(in: handle, backlog: 1).close()
    try handle.close()
    let client = ControlClient(folder: folder)
    let error = await #expect(throws: ControlError.self) { try await client.ask(.ping) }
    #expect(error?.code == .noInstance)
    try await withServer(in: folder) { _, client in _ = try await client.ask(.ping) }
    try workspace.write(socket, "no socket")
    try await withServer(in: folder) { _, client in _ = try await client.ask(.ping) }
  }

  @Test("Where no folder can be made, the error names the place")
  func noFolder() async throws {
    try workspace.write("data", "a file in the way")
    let server = ControlServer(folder: folder, target: ScriptedTarget())
    let error = await #expect(throws: ControlError.self) { try await server.start() }
    #expect(error?.code == .cannotListen)
    #expect(error?.message.contains(folder.string) == true)
    await server.stop()
  }

  @Test(
    "A stop with open connections ends them, lets work that ends in time answer, and removes the socket"
  )
  func stopping() async throws {
    var limits = ControlLimits()
    limits.stopTime = .seconds(60)
    let target = ScriptedTarget()
    let server = ControlServer(folder: folder, target: target, limits: limits)
    try await server.start()
    let idle = try RawClient(folder)
    let client = ControlClient(folder: folder)
    async let reloaded = client.ask(.reload)
    await target.waitForReloads(1)
    let stopping = Task { await server.stop() }
    #expect(try await idle.read() == .ended)
    target.open()
    guard case .report = try await reloaded else {
      Issue.record("no report")
      return
    }
    await stopping.value
    #expect(!workspace.exists(socket))
    await #expect(throws: ControlError.self) { try await server.start() }
  }

  @Test("A stop does not wait longer than its limit for work that does not end")
  func stoppingHangingWork() async throws {
    var limits = ControlLimits()
    limits.stopTime = .milliseconds(50)
    let target = ScriptedTarget()
    let server = ControlServer(folder: folder, target: target, limits: limits)
    try await server.start()
    let client = ControlClient(folder: folder)
    let asking = Task { try await client.ask(.reload) }
    await target.waitForReloads(1)
    await server.stop()
    let error = await #expect(throws: ControlError.self) { try await asking.value }
    #expect(error?.code == .connectionLost)
    target.open()
  }

  @Test("As a service it runs until its task is cancelled")
  func service() async throws {
    let server = ControlServer(folder: folder, target: ScriptedTarget())
    let running = Task { try await server.run() }
    let client = ControlClient(folder: folder)
    while (try? await client.ask(.ping)) == nil {
      try Task.checkCancellation()
      await Task.yield()
    }
    running.cancel()
    try await running.value
    #expect(!workspace.exists(socket))
  }

  @Test("Starts and stops leave no descriptor behind")
  func descriptors() async throws {
    // Others open files in this process meanwhile, so only those that lead here are counted.
    func open() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/self/fd/\(number)")
        return target.flatMap { $0.hasPrefix(workspace.root.string) ? $0 : nil }
      }
    }
    for _ in 0..<50 {
      try await withServer(in: folder) { _, client in _ = try await client.ask(.ping) }
    }
    #expect(try open().isEmpty)
  }
}
