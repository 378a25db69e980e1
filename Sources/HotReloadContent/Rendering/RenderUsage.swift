import Synchronization

/// What a page was made from, as it is noted while it is rendered, so that only pages that used what changed are made anew.
///
/// Whoever answers a request binds one to ``current``; libraries of templates note in it what they use. All functions may
/// be called from any thread.
public final class RenderUsage: Sendable {
  /// The page that this task renders; nil if nobody wants to know.
  @TaskLocal public static var current: RenderUsage?

  /// Something that a page can be made from.
  public enum Source: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// A template, by its path relative to the workspace's root.
    case template(String)
    /// A config, by its name.
    case config(String)
    /// An asset, by its path relative to the workspace's root.
    case asset(String)

    /// `templates/pages/index.mustache`, `config:site`, `static/app.css`.
    public var description: String {
      switch self {
      case .template(let path), .asset(let path): path
      case .config(let name): "config:\(name)"
      }
    }

    /// By ``description``.
    public static func < (left: Source, right: Source) -> Bool {
      left.description < right.description
    }
  }

  private let noted = Mutex<Set<Source>>([])

  /// Creates an empty one.
  public init() {}

  /// Notes that the page uses this.
  public func note(_ source: Source) {
    noted.withLock { _ = $0.insert(source) }
  }

  /// What was noted so far.
  public var sources: Set<Source> { noted.withLock { $0 } }
}
