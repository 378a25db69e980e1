/// What the server says to the pages; Documentation/LIVE-RELOAD.md says what each means.
public enum LiveMessage: Sendable, Hashable {
  /// What a page may have been made from, and is another now.
  public struct Update: Sendable, Hashable {
    /// The generation in force.
    public var generation: UInt64
    /// The templates (their paths relative to the root) and configs (`config:NAME`) that changed, and assets that are neither
    /// styles, images nor scripts.
    public var uses: [String]
    /// The assets that changed.
    public var assets: [LiveAssetChange]
    /// Whether anything may have changed.
    public var all: Bool

    /// Creates an update.
    public init(
      generation: UInt64, uses: [String] = [], assets: [LiveAssetChange] = [], all: Bool = false
    ) {
      self.generation = generation
      self.uses = uses
      self.assets = assets
      self.all = all
    }
  }

  /// The first one on each connection.
  case hello(session: String, generation: UInt64)
  /// Something changed.
  case update(Update)
  /// Everything that is wrong at this moment.
  case error(generation: UInt64, [LiveError])
  /// Everything is good again.
  case clear
  /// A program behind a proxy is being compiled.
  case building
  /// It is compiled, or was not; then what the compiler said.
  case built(ok: Bool, output: String?)
  /// The answer to a ping.
  case pong

  /// The most characters of what a compiler said; the end of it is kept.
  public static let maximumOutputLength = 64 << 10

  /// The same without what is too long for a page.
  var bounded: LiveMessage {
    guard case .built(let ok, let output?) = self, output.utf8.count > Self.maximumOutputLength
    else { return self }
    return .built(ok: ok, output: "…" + output.suffix(Self.maximumOutputLength))
  }
}
