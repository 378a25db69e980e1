import HotReload
import Hummingbird
import Synchronization

/// How many slow requests are being answered, by all routes that there have been.
final class InFlight: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  func during<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    count.add(1, ordering: .relaxed)
    defer { count.subtract(1, ordering: .relaxed) }
    return try await body()
  }
}

/// What the server says of itself.
struct StatusAnswer: ResponseEncodable {
  var generation: UInt64
  var greeting: String
  var logLevel: String
  var maxBodyBytes: Int
  var inFlight: Int
  /// What is wrong with the files on disk, if they are not what is served.
  var refused: String?
}

extension DemoServer {
  /// What the routes are built into.
  typealias Routes = RouterResponder<BasicRequestContext>

  /// All that the server answers with one version of the config. Another version gets routes of its own, and a request
  /// is answered to its end by those it began with.
  static func routes(
    _ config: ServerConfig, _ manager: HotReloadManager, _ inFlight: InFlight
  ) -> Router<BasicRequestContext> {
    /// No slow request takes longer.
    let maximumWait = 10_000
    let router = Router()
    if config.debug { router.add(middleware: RequestLog()) }
    router.get("/") { _, _ in config.greeting + "\n" }
    router.get("/slow") { request, _ in
      let milliseconds = request.uri.queryParameters.get("milliseconds", as: Int.self) ?? 1_000
      return try await inFlight.during {
        try await Task.sleep(for: .milliseconds(min(max(0, milliseconds), maximumWait)))
        return config.greeting + "\n"
      }
    }
    router.post("/echo") { request, _ in
      let body = try await request.body.collect(upTo: config.limits.maxBodyBytes)
      return Response(status: .ok, body: ResponseBody(byteBuffer: body))
    }
    router.get("/status") { _, _ in
      let status = await manager.status()
      return StatusAnswer(
        generation: status.generation, greeting: config.greeting,
        logLevel: config.logLevel.rawValue, maxBodyBytes: config.limits.maxBodyBytes,
        inFlight: inFlight.value,
        refused: status.rejected["server"]?.map(\.description).joined(separator: "; "))
    }
    return router
  }
}
