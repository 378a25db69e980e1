public import HotReload
public import Hummingbird
public import Logging

extension ReconfigurableService {
  /// Runs a Hummingbird application whose address may change while it runs.
  ///
  ///     let server = ReconfigurableService(
  ///       config: "server", as: ServerConfig.self,
  ///       listeningOn: { .hostname($0.host, port: $0.port) }
  ///     ) { config, address, connections in
  ///       Application(
  ///         responder: responder, server: .http1(draining: connections),
  ///         configuration: ApplicationConfiguration(address: address))
  ///     }
  ///     try await manager.register(server, for: [.config("server")])
  ///
  /// The new address is bound and answers before the change comes into force; if it cannot be bound the change is refused. Then
  /// the clients of the old one are asked to leave with `Connection: close` on their next response. Other changes leave the
  /// application alone; give it a ``ReloadableResponder``. The new address must be free while the old one still is in use:
  /// a change from `127.0.0.1` to `0.0.0.0` with the same port is refused.
  ///
  /// - Parameters:
  ///   - config: the config's name; the participant must be registered for it.
  ///   - type: what it is decoded into.
  ///   - limits: how long the parts of an application's life may take.
  ///   - connectionLimits: how long clients may take to leave.
  ///   - onFailure: what becomes of an application that ends early.
  ///   - logger: where failures are logged.
  ///   - address: the address that a config asks for.
  ///   - make: makes the application on that address; it must use the connections that it is given.
  public convenience init<Base: ApplicationProtocol>(
    config: String, as type: Config.Type = Config.self, limits: ServiceLimits = ServiceLimits(),
    connectionLimits: ServerConnections.Limits = .init(),
    onFailure: ServiceFailurePolicy = .endProgram,
    logger: Logger = Logger(label: HotReloadConfiguration.loggerLabel),
    listeningOn address: @escaping @Sendable (Config) -> BindAddress,
    _ make: @escaping @Sendable (Config, BindAddress, ServerConnections) async throws -> Base
  ) where Replaceable == ListeningApplication<Base> {
    self.init(
      config: config, needsRestart: { address($0) != address($1) }, limits: limits,
      onFailure: onFailure, logger: logger
    ) { config in
      let connections = ServerConnections(limits: connectionLimits)
      return ListeningApplication(
        try await make(config, address(config), connections), connections: connections)
    }
  }
}
