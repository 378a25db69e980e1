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

  @Test(arguments: EtcdBinary.installed)
  func `A user and a password are given, and the token is renewed when etcd has forgotten it`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let anonymous = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    for (path, body) in [
      ("user/add", User(name: "root", password: "secret")), ("role/add", User(name: "root")),
      ("user/grant", User(user: "root", role: "root")), ("enable", User()),
    ] {
      let _: Etcd.Empty = try await anonymous.client.ask("/v3/auth/\(path)", body)
    }
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
