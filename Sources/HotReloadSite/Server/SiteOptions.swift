public import HotReload
public import HotReloadBrowser
public import Logging
public import ServiceLifecycle
public import WorkspaceTools

/// How a workspace is served to the browsers of whoever works on it.
public struct SiteOptions: Sendable {
  /// Where the pages come from.
  public enum Pages: Sendable {
    /// From the workspace: its templates, configs and assets.
    case workspace
    /// From a program of any kind that listens elsewhere on this machine. If it is run by us, ``SiteServer/follow(_:)`` must be told
    /// what becomes of it: requests wait while it is built and started.
    case program(ProxyUpstream, isRunByUs: Bool)
  }

  /// The port, unless another one is asked for.
  public static let defaultPort = 8_080

  /// Where the pages come from.
  public var pages: Pages
  /// The address to listen on. What listens on another address than loopback can be reached by everybody there.
  public var host: String
  /// The port; 0 for any that is free.
  public var port: Int
  /// Host names that requests may come for, beside those of this machine.
  public var allowedHosts: [String]
  /// The name under which `hotreload status` finds it.
  public var instance: String
  /// What is hidden where values of configs are shown.
  public var redaction: RedactionRules
  /// Sections that the dashboard has beside its own, such as a fleet's.
  public var sections: [any StatusSource]
  /// What runs as long as the server, such as what keeps a section up to date; one that ends ends the server.
  public var services: [any Service]
  /// Where is logged what the person at the browser cannot see.
  public var logger: Logger

  /// Creates options.
  public init(
    pages: Pages = .workspace, host: String = "127.0.0.1", port: Int = defaultPort,
    allowedHosts: [String] = [], instance: String = HotReloadConfiguration.defaultInstance,
    redaction: RedactionRules = .default,
    sections: [any StatusSource] = [], services: [any Service] = [],
    logger: Logger = Logger(label: HotReloadConfiguration.loggerLabel)
  ) {
    self.pages = pages
    self.host = host
    self.port = port
    self.allowedHosts = allowedHosts
    self.instance = instance
    self.redaction = redaction
    self.sections = sections
    self.services = services
    self.logger = logger
  }
}

extension HotReloadConfiguration {
  /// What a development server works with: everything is one group, so that a save of a template, its stylesheet and its config is
  /// one generation. Folders of assets under both names are watched.
  public static func site(logger: Logger) -> HotReloadConfiguration {
    HotReloadConfiguration(
      watchPatterns: defaultWatchPatterns + ["assets/**/*"], atomicGroups: .all, logger: logger)
  }
}
