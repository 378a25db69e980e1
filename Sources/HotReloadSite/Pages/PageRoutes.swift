internal import HotReloadContent

/// Which template answers which path: `templates/pages/**` is the site's map.
///
/// `pages/index` is `/`, `pages/about` is `/about`, `pages/articles/index` is `/articles`. A page whose name or folder
/// begins with `_` has no path. A page may name another format than HTML: `pages/feed.xml` is `/feed.xml`.
struct PageRoutes: Sendable {
  /// What a path leads to.
  enum Route: Sendable, Equatable {
    /// The template of this name.
    case page(String)
    /// The same page has another path.
    case redirect(to: String)
    case none
  }

  /// The folder of the pages, below `templates/`.
  static let folder = "pages"
  private static let index = "index"

  /// Whether there is a template of a name.
  let contains: @Sendable (String) -> Bool

  /// - Parameter components: the components of the path, decoded.
  /// - Parameter endsInSlash: whether the path ends in one.
  func route(_ components: [String], endsInSlash: Bool) -> Route {
    // An empty component would make a redirect that leads to another host: //example.com/.
    guard !components.contains(where: { $0.isEmpty || $0.hasPrefix("_") }) else { return .none }
    let name = ([Self.folder] + components).joined(separator: "/")
    if components.isEmpty { return page("\(name)/\(Self.index)") }
    if components.last == Self.index {
      guard contains(name) else { return .none }
      return .redirect(to: Self.path(components.dropLast()))
    }
    for candidate in [name, "\(name)/\(Self.index)"] where contains(candidate) {
      return endsInSlash ? .redirect(to: Self.path(components[...])) : .page(candidate)
    }
    return .none
  }

  private func page(_ name: String) -> Route {
    contains(name) ? .page(name) : .none
  }

  /// The path of a page, encoded; it always begins with one slash, so that it never leads to another host.
  private static func path(_ components: ArraySlice<String>) -> String {
    PercentEncoding.urlPath(components.joined(separator: "/"))
  }
}
