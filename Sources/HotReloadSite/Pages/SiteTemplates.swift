package import HotReloadContent
import HotReloadMustache
import HotReloadStencil

/// The languages of a site's templates.
package enum SiteTemplates {
  /// Of two templates with one name, the one whose engine comes first is meant.
  package static let engines: [any TemplateEngine] = [MustacheEngine(), StencilEngine()]

  /// The files that could be a page, relative to the root: `templates/pages/about.mustache` and others for `pages/about`.
  static func paths(named name: String) -> [String] {
    engines.flatMap { engine in
      engine.fileExtensions.sorted().map { "\(TemplateCompiler.defaultFolder)/\(name).\($0)" }
    }
  }
}
