import HotReload
import Hummingbird
import HummingbirdCore
import Logging

/// A log handler whose level is that of the config in force, at every line.
struct LiveLogHandler: LogHandler {
  private let config: ConfigStream<ServerConfig>
  private var base: StreamLogHandler

  init(label: String, config: ConfigStream<ServerConfig>) {
    self.config = config
    base = StreamLogHandler.standardError(label: label)
    // It lets through whatever comes, as this handler decides.
    base.logLevel = .trace
  }

  var logLevel: Logger.Level {
    get { config.current.logLevel }
    set {}
  }

  var metadata: Logger.Metadata {
    get { base.metadata }
    set { base.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { base[metadataKey: key] }
    set { base[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) { base.log(event: event) }
}

/// Lets the server accept connections up to the limit in force.
struct LiveConnectionLimit: AvailableConnectionsDelegate {
  let config: ConfigStream<ServerConfig>
  private var count = 0

  init(config: ConfigStream<ServerConfig>) { self.config = config }

  mutating func connectionOpened() { count += 1 }

  mutating func connectionClosed() { count -= 1 }

  func isAcceptingNewConnections() -> Bool { count < config.current.limits.maxConnections }
}

/// Logs each request.
struct RequestLog<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let response = try await next(request, context)
    context.logger.info("\(request.method) \(request.uri.path) \(response.status.code)")
    return response
  }
}
