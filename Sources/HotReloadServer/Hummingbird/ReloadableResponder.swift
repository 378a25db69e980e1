public import HotReload
public import Hummingbird
import Synchronization

/// Answers each request with the responder in force when it began; the listener and its connections stay as they are.
///
/// What is in force comes from a participant's product:
///
///     let routes = try await manager.register(
///       ResponderParticipant(config: "server", as: ServerConfig.self) { config in
///         router(config).buildResponder()
///       }, for: [.config("server")])
///     let application = Application(responder: ReloadableResponder { routes.current })
///
/// or is replaced by hand with ``replace(with:)``.
public struct ReloadableResponder<Base: HTTPResponder>: HTTPResponder {
  /// What the responders take beside the request.
  public typealias Context = Base.Context

  private let current: @Sendable () -> Base
  private let cell: ResponderCell<Base>?

  /// Asks `current` at the beginning of each request. It must be fast, and may be called from many threads at a time.
  public init(_ current: @escaping @Sendable () -> Base) {
    self.current = current
    cell = nil
  }

  /// Uses one responder until another is put in its place. All copies of this value share it.
  public init(_ responder: Base) {
    let cell = ResponderCell(responder)
    self.cell = cell
    current = { cell.responder.withLock { $0 } }
  }

  /// Requests that begin from now on are answered by another responder. Nothing happens if the responder comes from
  /// elsewhere.
  public func replace(with responder: Base) {
    cell?.responder.withLock { $0 = responder }
  }

  /// Answers with the responder that is in force now, to the end of the request.
  public func respond(to request: Request, context: Base.Context) async throws -> Response {
    try await current().respond(to: request, context: context)
  }
}

private final class ResponderCell<Base: Sendable>: Sendable {
  let responder: Mutex<Base>

  init(_ responder: Base) { self.responder = Mutex(responder) }
}

/// Makes a responder, such as that of a router, from a config. It may refuse the config by throwing.
public struct ResponderParticipant<Config: Decodable & Sendable, Responder: HTTPResponder>:
  ReloadParticipant
{
  private let config: String
  private let make: @Sendable (Config) async throws -> Responder

  /// Creates it.
  ///
  /// - Parameters:
  ///   - config: the config's name; the participant must be registered for it.
  ///   - type: what it is decoded into.
  ///   - make: makes the responder.
  public init(
    config: String, as type: Config.Type = Config.self,
    _ make: @escaping @Sendable (Config) async throws -> Responder
  ) {
    self.config = config
    self.make = make
  }

  /// Makes the responder of the new config.
  public func prepare(_ change: ReloadChange) async throws -> Responder {
    try await make(change.decode(config, as: Config.self))
  }
}
