public import HotReload
public import Logging
public import WorkspaceTools

/// How ``LiveReload`` speaks to browsers.
public struct LiveReloadOptions: Sendable {
  /// Which assets a transaction changed. It is called once for each, may be called from any thread, and should not wait.
  public typealias AssetChanges = @Sendable (CompletedReload) -> [LiveAssetChange]

  /// Which requests are answered.
  public var policy: RequestPolicy
  /// The bounds.
  public var limits: LiveLimits
  /// Which values of configs are not shown.
  public var redaction: RedactionRules
  /// Which assets a transaction changed.
  public var assetChanges: AssetChanges
  /// Where is logged what the person at the browser cannot see.
  public var logger: Logger

  /// Creates options.
  ///
  /// - Parameters:
  ///   - policy: which requests are answered; those for this machine by default.
  ///   - limits: the bounds.
  ///   - redaction: which values of configs are not shown.
  ///   - assetChanges: which assets a transaction changed; by default those of the transaction's events, under URLs without digests.
  ///   - logger: where is logged what the person at the browser cannot see.
  public init(
    policy: RequestPolicy = RequestPolicy(), limits: LiveLimits = LiveLimits(),
    redaction: RedactionRules = .default,
    assetChanges: @escaping AssetChanges = LiveAssetChange.withoutDigests,
    logger: Logger = Logger(label: HotReloadConfiguration.loggerLabel)
  ) {
    self.policy = policy
    self.limits = limits
    self.redaction = redaction
    self.assetChanges = assetChanges
    self.logger = logger
  }
}
