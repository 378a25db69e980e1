import Glibc
import HotReload
import HotReloadServer
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

struct ServerConfig: Codable, Sendable {
  var port: Int
  var greeting: String?
}

/// Holds up requests until the test lets them go on.
final class Gate: Sendable {
  private let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation
  private let opening: AsyncStream<Never>
  private let opener: AsyncStream<Never>.Continuation

  init() {
    (arrivals, arrival) = AsyncStream.makeStream()
    (opening, opener) = AsyncStream.makeStream()
  }

  func open() { opener.finish() }

  /// Returns when a request has arrived.
  func waitForArrival() async {
    for await _ in arrivals { return }
  }

  func pass() async {
    arrival.yield()
    for await _ in opening {}
  }
}

typealias TestApplication = Application<RouterResponder<BasicRequestContext>>
typealias TestService = ReconfigurableService<ServerConfig, ListeningApplication<TestApplication>>

extension Logger {
  static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// A server whose `/` answers `hello`, and whose `/gated` waits for the gate.
func testService(
  gate: Gate = Gate(), limits: ServiceLimits = .patient,
  connectionLimits: ServerConnections.Limits = .init()
) -> TestService {
  ReconfigurableService(
    config: "server", as: ServerConfig.self, limits: limits, connectionLimits: connectionLimits,
    logger: .silent, listeningOn: { .hostname("127.0.0.1", port: $0.port) }
  ) { config, address, connections in
    let router = Router()
    router.get("/") { _, _ in "hello" }
    router.get("/gated") { _, _ in
      await gate.pass()
      return "gated"
    }
    return Application(
      router: router, server: .http1(draining: connections),
      configuration: ApplicationConfiguration(address: address), logger: .silent)
  }
}

extension TestService.Product {
  func port() throws -> Int { try #require(service.localAddress?.port) }
}

/// A port that nothing listens on, and that nobody else in this process is given: for a config that must name one, and
/// for a test of what no longer listens. The system picks from above these, so it gives them to nobody either.
func freePort() throws -> Int {
  for _ in PortRange.all {
    let number = PortRange.next.withLock { next in
      defer { next = next == PortRange.all.upperBound ? PortRange.all.lowerBound : next + 1 }
      return next
    }
    if isFree(number) { return number }
  }
  throw ClientFailure(
    "no free port from \(PortRange.all.lowerBound) to \(PortRange.all.upperBound)")
}

private enum PortRange {
  static let all = 20_000...29_999
  /// Two test runs at once begin at different ports.
  static let next = Mutex(all.lowerBound + Int(getpid()) * 37 % all.count)
}

private func isFree(_ port: Int) -> Bool {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

extension ServiceLimits {
  /// For tests that are not about time, however busy the machine is.
  static let patient = ServiceLimits(
    readiness: .seconds(300), drain: .seconds(300), cancellation: .seconds(60))
}
