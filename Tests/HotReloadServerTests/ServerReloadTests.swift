import HotReload
import HotReloadServer
import HotReloadTesting
import Hummingbird
import ServiceLifecycle
import Testing
import WorkspaceTools

/// A server, its manager and its files, all in one program as a user would write it.
@Suite("A server whose config files are edited", .timeLimit(.minutes(5)))
struct ServerReloadTests {
  typealias Routes = CallbackResponder<BasicRequestContext>
  typealias Service = ReconfigurableService<
    ServerConfig, ListeningApplication<Application<ReloadableResponder<Routes>>>
  >

  struct Program {
    let folder: TemporaryWorkspace
    let manager: HotReloadManager
    let listening: ParticipantRegistration<Service.Product>
    let service: Service

    init() async throws {
      folder = try TemporaryWorkspace()
      try folder.write("config/server.toml", Self.text(0, "one"))
      let workspace = try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
      manager = try await workspace.startHotReload(
        configuration: HotReloadConfiguration(quietPeriod: .zero, logger: .silent))
      let routes = try await manager.register(
        ResponderParticipant(config: "server", as: ServerConfig.self) { config in
          ReloadableResponderTests.saying(config.greeting ?? "")
        }, for: [.config("server")])
      service = Service(
        config: "server", as: ServerConfig.self, logger: .silent,
        listeningOn: { .hostname("127.0.0.1", port: $0.port) }
      ) { _, address, connections in
        Application(
          responder: ReloadableResponder { routes.current },
          server: .http1(draining: connections),
          configuration: ApplicationConfiguration(address: address), logger: .silent)
      }
      listening = try await manager.register(service, for: [.config("server")])
    }

    static func text(_ port: Int, _ greeting: String) -> String {
      "port = \(port)\ngreeting = \"\(greeting)\"\n"
    }

    func save(_ port: Int, _ greeting: String) async throws {
      try folder.replace("config/server.toml", Self.text(port, greeting))
      try await manager.sync()
    }

    var port: Int { get throws { try #require(listening.current.service.localAddress?.port) } }
  }

  @Test("answers what the newest file says on the same connection, and moves when the port changes")
  func edits() async throws {
    let program = try await Program()
    let old = try program.port
    let client = try await Client.open(old)
    #expect(try await client.request().body == "one")
    try await program.save(0, "two")
    #expect(try await client.request() == Answer(status: 200, body: "two", saysClose: false))
    let new = try freePort()
    try await program.save(new, "three")
    #expect(try program.port == new)
    #expect(try await Client.open(new).request().body == "three")
    // The old listener answers what is in force too, until its clients have left.
    #expect(try await client.request() == Answer(status: 200, body: "three", saysClose: true))
    try await program.manager.shutdown()
    await #expect(throws: ClientFailure.self) { try await Client.open(new) }
  }

  @Test("stays on its port with its greeting when the new port is taken, and says why")
  func refused() async throws {
    let program = try await Program()
    let taken = try await Program()
    let client = try await Client.open(program.port)
    try await program.save(taken.port, "two")
    #expect(try await client.request() == Answer(status: 200, body: "one", saysClose: false))
    let reason = await program.manager.status().rejected["server"]?.first?.description
    #expect(reason?.contains("in use") == true)
    try await program.manager.shutdown()
    try await taken.manager.shutdown()
  }

  @Test("takes a hundred edits and five other ports under load without a lost request")
  func underLoad() async throws {
    let program = try await Program()
    let group = ServiceGroup(services: [program.manager, program.service], logger: .silent)
    let running = Task { try await group.run() }
    let load = MovingLoad(port: try program.port)
    load.start(clients: 8)
    var port = 0
    for number in 1...105 {
      if number % 21 == 0 {
        port = try freePort()
        load.willMove()
      }
      try await program.save(port, "edit \(number)")
      #expect(try await Client.open(program.port).request().body == "edit \(number)")
      load.move(to: try program.port)
      let answered = load.counts.answered
      await eventually { load.counts.answered >= answered + 8 }
    }
    await load.stop()
    let counts = load.counts
    #expect(counts.failures.isEmpty, "\(counts.failures.prefix(5))")
    #expect(counts.closedEarly == 0)
    #expect(counts.byPort.count == 6)
    await group.triggerGracefulShutdown()
    try await running.value
  }
}
