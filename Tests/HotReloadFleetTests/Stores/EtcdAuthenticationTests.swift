import HotReloadTesting
import Testing

@testable import HotReloadFleet

@Suite(.serialized, .timeLimit(.minutes(2))) struct EtcdAuthenticationTests {
  private struct User: Encodable, Sendable {
    var name: String?
    var user: String?
    var role: String?
    var password: String?
  }

  private static func enableUsers(of server: EtcdServer) async throws {
    let store = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    for (path, body) in [
      ("user/add", User(name: "root", password: "secret")), ("role/add", User(name: "root")),
      ("user/grant", User(user: "root", role: "root")), ("enable", User()),
    ] {
      let _: Etcd.Empty = try await store.client.ask("/v3/auth/\(path)", body)
    }
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed, [true, false])
  func
    `A watch that is opened anew with a token that is no longer good takes a new one, whatever else is asked`(
      _ binary: EtcdBinary, isRestarted: Bool
    ) async throws
  {
    let life = Duration.seconds(1)
    let server = try await EtcdServer(binary, ["--auth-token-ttl", "\(life.components.seconds)"])
    try await Self.enableUsers(of: server)
    let options = EtcdOptions(
      endpoints: [server.endpoint], credentials: .init(user: "root", password: "secret"),
      silenceLimit: .milliseconds(200))
    let writer = try EtcdStore(options)
    let listener = try EtcdStore(options)
    var watch = listener.watch(.all, after: .zero).makeAsyncIterator()
    for value in UInt8(1)...3 {
      let revision = try await writer.retrying { try await $0.put("key", value) }
      #expect(try await watch.nextChange()?.revision == revision)
      if isRestarted {
        server.kill()
        try await server.start()
      } else {
        // Only etcd's own clock makes a token old.
        try await Task.sleep(for: life * 3)
      }
    }
    await writer.close()
    await listener.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `A user and a password are given, and the token is renewed when etcd has forgotten it`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    try await Self.enableUsers(of: server)
    let anonymous = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    var error = await #expect(throws: StoreError.self) { try await anonymous.read(.all) }
    #expect(error?.isSafeToRetry == false)
    await anonymous.close()

    let wrong = try EtcdStore(
      EtcdOptions(
        endpoints: [server.endpoint], credentials: .init(user: "root", password: "guess")))
    error = await #expect(throws: StoreError.self) { try await wrong.read(.all) }
    #expect(error?.code == .unauthenticated)
    #expect(error?.description.contains("guess") == false)
    await wrong.close()

    let store = try EtcdStore(
      EtcdOptions(
        endpoints: [server.endpoint], credentials: .init(user: "root", password: "secret")))
    let first = try await store.put("key", 1)
    var watch = store.watch(.all, after: .zero).makeAsyncIterator()
    #expect(try await watch.nextChange()?.revision == first)
    server.kill()
    try await server.start()
    let second = try await store.retrying { try await $0.put("key", 2) }
    #expect(try await watch.nextChange()?.revision == second)
    await store.close()
  }
}
