import HotReload
import Hummingbird
import Synchronization

/// How many slow requests are being answered.
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

/// All that the server answers. Each answer is made from one version of the config, read once.
func routes(
  _ config: ConfigStream<ServerConfig>, _ manager: HotReloadManager
) -> Router<BasicRequestContext> {
  /// No slow request takes longer.
  let maximumWait = 10_000
  let inFlight = InFlight()
  let router = Router()
  router.add(middleware: RequestLog(config: config))
  router.get("/") { _, _ in config.current.greeting + "\n" }
  router.get("/slow") { request, _ in
    let config = config.current
    let milliseconds = request.uri.queryParameters.get("milliseconds", as: Int.self) ?? 1_000
    return try await inFlight.during {
      try await Task.sleep(for: .milliseconds(min(max(0, milliseconds), maximumWait)))
      return config.greeting + "\n"
    }
  }
  router.post("/echo") { request, _ in
    let body = try await request.body.collect(upTo: config.current.limits.maxBodyBytes)
    return Response(status: .ok, body: ResponseBody(byteBuffer: body))
  }
  router.get("/status") { _, _ in
    let (now, status) = (config.current, await manager.status())
    return StatusAnswer(
      generation: status.generation, greeting: now.greeting, logLevel: now.logLevel.rawValue,
      maxBodyBytes: now.limits.maxBodyBytes, inFlight: inFlight.value,
      refused: status.rejected[config.name]?.map(\.description).joined(separator: "; "))
  }
  return router
}
