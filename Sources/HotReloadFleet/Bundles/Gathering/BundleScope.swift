public import HotReload
public import SystemPackage

/// Which files of a workspace a bundle is made of.
///
/// Globs are as in ``HotReload/HotReloadConfiguration/watchPatterns``, relative to the root; what an exclude matches is left out whatever
/// the includes say, and an excluded folder excludes all below it. The manifest that a build of the assets wrote beside
/// them is always left out: each instance makes its own.
public struct BundleScope: Sendable, Hashable {
  /// Globs of what belongs to the bundle.
  public var include: [String]
  /// Globs of what does not.
  public var exclude: [String]
  /// Whether files may hold what looks like secrets. Default false: who can read the fleet's store could read them.
  public var allowsSecrets: Bool

  /// Creates a scope; what is not given has its default.
  public init(
    include: [String] = defaultInclude, exclude: [String] = defaultExclude,
    allowsSecrets: Bool = false
  ) {
    self.include = include
    self.exclude = exclude
    self.allowsSecrets = allowsSecrets
  }

  /// The default scope, less what a watcher with this configuration excludes.
  public init(_ configuration: HotReloadConfiguration) {
    let own = configuration.excludePatterns.filter { !Self.defaultExclude.contains($0) }
    self.init(exclude: Self.defaultExclude + own)
  }

  /// All configs with the layers of every environment and all variants, and all templates and assets.
  public static let defaultInclude = [
    "config/**/*.toml", "config/**/*.yaml", "config/**/*.yml", "config/**/*.json",
    "templates/**/*", "static/**/*", "assets/**/*",
  ]
  /// What is of one machine (`*.local.*` configs), secret (`secret/`, keys and certificates), or no content at all: dotfiles and
  /// what editors leave, as the watcher has it.
  public static let defaultExclude = [
    "config/**/*.local.{toml,yaml,yml,json}", "secret/**", "**/*.pem", "**/*.key",
    "**/.*", "**/*.tmp", "**/*.swp", "**/*~",
  ]

  /// The scope with some files more, such as those of file groups, by their paths relative to the root. Excludes still hold.
  public func including(_ paths: some Sequence<FilePath>) -> BundleScope {
    var scope = self
    scope.include += paths.map { Self.glob(of: $0) }
    return scope
  }

  /// The glob that matches one path alone.
  private static func glob(of path: FilePath) -> String {
    String(path.string.flatMap { "*?[]{},\\!^".contains($0) ? ["\\", $0] : [$0] })
  }
}
