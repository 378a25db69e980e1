import HTTPTypes
import HotReload
internal import HotReloadContent
import HotReloadServer
import Hummingbird
import Logging
import NIOCore
import WorkspaceTools

/// Answers with the pages of a workspace: `templates/pages/**`, rendered with its configs.
///
/// Everything that one answer is made of belongs to one snapshot. A page is also rendered for a form that is posted to it, whose
/// fields it can show. `errors/404` and `errors/error` are the pages for what is not there and for what fails; without
/// them there are plain ones.
struct SitePages: Sendable {
  /// The largest form that is taken, in bytes.
  static let maximumForm = 1 << 20
  /// What browsers ask for without being told.
  static let icon = "favicon.ico"
  /// The templates for errors.
  static let notFoundPage = "errors/404"
  static let failurePage = "errors/error"

  let manager: HotReloadManager
  let templates: ParticipantRegistration<TemplateLibrary>
  let assets: ParticipantRegistration<AssetManifest>
  let logger: Logger
  private let failures = PageFailures()

  init(
    manager: HotReloadManager, templates: ParticipantRegistration<TemplateLibrary>,
    assets: ParticipantRegistration<AssetManifest>, logger: Logger
  ) {
    self.manager = manager
    self.templates = templates
    self.assets = assets
    self.logger = logger
  }

  /// What one answer is made of.
  private struct View {
    var generation: UInt64
    var library: TemplateLibrary
    var manifest: AssetManifest
    var configs: ConfigTable
    /// The names of all configs, by the key of the data below which they are.
    var configNames: [String: [String]]

    init(_ snapshot: Snapshot, library: TemplateLibrary, manifest: AssetManifest) {
      generation = snapshot.generation
      self.library = library
      self.manifest = manifest
      configs = PageData.configs(of: snapshot)
      configNames = Dictionary(grouping: snapshot.configNames) { name in
        String(name.prefix { $0 != "/" })
      }
    }
  }

  private func view() -> View {
    let snapshot = manager.snapshot()
    return View(
      snapshot, library: snapshot.product(of: templates) ?? templates.current,
      manifest: snapshot.product(of: assets) ?? assets.current)
  }

  /// Answers any request.
  func respond(to request: Request) async -> Response {
    let view = view()
    let path: RequestPath
    do { path = try RequestPath(target: request.head.path ?? "/") } catch {
      return failure(
        HTTPResponse.Status(code: error.status), "This address cannot be answered",
        "\(error)", request)
    }
    let routes = PageRoutes { view.library.path(of: $0) != nil }
    switch routes.route(path.components, endsInSlash: path.endsInSlash) {
    case .redirect(let target):
      let query = path.query.map { "?" + $0 } ?? ""
      return Response(
        status: .permanentRedirect, headers: [.location: target + query, .cacheControl: "no-cache"])
    case .none where path.components == [Self.icon]: return icon(view)
    case .none: return notFound(path, view, request)
    case .page(let name):
      guard [.get, .head, .post].contains(request.method) else {
        var response = failure(
          .methodNotAllowed, "This page does not take \(request.method.rawValue)",
          "A page can be asked for, and a form can be posted to it.", request)
        response.headers[.allow] = "GET, HEAD, POST"
        return response
      }
      return await page(name, path, view, request)
    }
  }

  /// Browsers ask for it by themselves; a site that has none need not hear of it in each console.
  private func icon(_ view: View) -> Response {
    guard let url = view.manifest.url(for: Self.icon) else { return Response(status: .noContent) }
    return Response(
      status: .temporaryRedirect, headers: [.location: url, .cacheControl: "no-cache"])
  }

  private func page(
    _ name: String, _ path: RequestPath, _ view: View, _ request: Request
  ) async -> Response {
    var form: [(name: String, value: String)] = []
    if request.method == .post {
      do throws(FormFailure) { form = try await Self.form(of: request) } catch {
        return failure(error.status, error.title, error.text, request)
      }
    }
    let asked = PageData.Request(
      path: "/" + path.relative, method: request.method.rawValue,
      query: FormFields.parse(path.query ?? ""), form: form)
    do {
      let text = try render(name, asked, view)
      return html(text, as: Self.contentType(of: name), .ok, request)
    } catch {
      return failed(asked, error, view, request)
    }
  }

  /// Renders a page, and remembers whether that went well. A failure is logged once, until it is mended or is another one.
  private func render(
    _ name: String, _ asked: PageData.Request, _ view: View,
    extra: [(key: String, value: ConfigTree)] = []
  ) throws(TemplateError) -> String {
    do {
      let text = try text(of: name, asked, view, extra)
      failures.forget(name)
      return text
    } catch {
      let failure = PageFailures.Failure(
        page: name, asked: asked, extra: extra, generation: view.generation,
        diagnostics: error.diagnostics)
      if failures.note(failure) {
        logger.error(
          "a page cannot be rendered",
          metadata: ["page": "\(name)", "errors": .array(error.diagnostics.map { "\($0)" })])
      }
      throw error
    }
  }

  private func text(
    of name: String, _ asked: PageData.Request, _ view: View,
    _ extra: [(key: String, value: ConfigTree)]
  ) throws(TemplateError) -> String {
    let usage = RenderUsage.current
    let names = view.configNames
    var configs = view.configs
    for (key, value) in extra { configs[key] = value }
    let manifest = view.manifest
    let context = RenderContext(
      data: PageData.tree(configs, asked),
      keyUsed: { key in for name in names[key] ?? [] { usage?.note(.config(name)) } },
      asset: { try manifest.requiredURL(for: $0) })
    return try view.library.render(name, context)
  }

  /// What is wrong with the pages that failed when they were last asked for. Those that failed in an older generation are
  /// rendered again, as they were asked for then: they may have been mended since.
  func problems() -> [ConfigDiagnostic] {
    let view = view()
    for failure in failures.all where failure.generation != view.generation {
      if view.library.path(of: failure.page) == nil {
        failures.forget(failure.page)
      } else {
        // How it goes is remembered there.
        _ = try? render(failure.page, failure.asked, view, extra: failure.extra)
      }
    }
    return failures.all.flatMap(\.diagnostics)
  }

  // MARK: Errors

  private func notFound(_ path: RequestPath, _ view: View, _ request: Request) -> Response {
    let asked = PageData.Request(path: "/" + path.relative, method: request.method.rawValue)
    let wanted = path.components.isEmpty ? "index" : path.relative
    if view.library.path(of: Self.notFoundPage) != nil {
      // So that whoever looks at it sees the page as soon as there is one.
      for candidate in Self.candidates(wanted) { RenderUsage.current?.note(.template(candidate)) }
      do {
        return html(try render(Self.notFoundPage, asked, view), .notFound, request)
      } catch {
        let page = BuiltInPage(
          title: "There is no such page",
          text: "The site's own page for this cannot be rendered.", diagnostics: error.diagnostics)
        return html(page.html, .notFound, request)
      }
    }
    return failure(
      .notFound, "There is no such page",
      "A page for this address would be templates/\(PageRoutes.folder)/\(wanted).mustache or .stencil.",
      request)
  }

  private static func candidates(_ wanted: String) -> [String] {
    [wanted, "\(wanted)/index"].flatMap { SiteTemplates.paths(named: "\(PageRoutes.folder)/\($0)") }
  }

  private func failed(
    _ asked: PageData.Request, _ error: TemplateError, _ view: View, _ request: Request
  ) -> Response {
    let messages = ConfigTree(
      .array(error.diagnostics.map { ConfigTree(.string($0.description)) }))
    if view.library.path(of: Self.failurePage) != nil,
      let text = try? render(
        Self.failurePage, asked, view,
        extra: [(key: "error", value: ConfigTree(["messages": messages]))])
    {
      return html(text, .internalServerError, request)
    }
    let page = BuiltInPage(
      title: "This page cannot be rendered",
      text: "It will be shown as soon as what is wrong is mended.", diagnostics: error.diagnostics)
    return html(page.html, .internalServerError, request)
  }

  private func failure(
    _ status: HTTPResponse.Status, _ title: String, _ text: String, _ request: Request
  ) -> Response {
    html(BuiltInPage(title: title, text: text).html, status, request)
  }

  // MARK: Answers

  private func html(
    _ text: String, as type: String = "text/html; charset=utf-8", _ status: HTTPResponse.Status,
    _ request: Request
  ) -> Response {
    let body = ByteBuffer(string: text)
    var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache"]
    headers[.xContentTypeOptions] = "nosniff"
    guard request.method != .head else {
      headers[.contentLength] = "\(body.readableBytes)"
      return Response(status: status, headers: headers)
    }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
  }

  /// `pages/feed.xml` is XML; a page without a known ending is HTML.
  private static func contentType(of name: String) -> String {
    let type = ContentType.of(path: name)
    return type == ContentType.unknown ? "text/html; charset=utf-8" : type
  }

  private static func form(
    of request: Request
  ) async throws(FormFailure) -> [(name: String, value: String)] {
    let body: ByteBuffer
    do { body = try await request.body.collect(upTo: maximumForm) } catch is NIOTooManyBytesError {
      throw .tooLarge
    } catch { throw .incomplete }
    guard body.readableBytes > 0 else { return [] }
    let type = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
    guard type == FormFields.contentType else { throw .otherType }
    return FormFields.parse(String(buffer: body))
  }
}

/// Why a form is not taken.
private enum FormFailure: Error {
  case tooLarge, incomplete, otherType

  var status: HTTPResponse.Status {
    switch self {
    case .tooLarge: .contentTooLarge
    case .incomplete: .badRequest
    case .otherType: .unsupportedMediaType
    }
  }

  var title: String {
    switch self {
    case .tooLarge: "The form is too large"
    case .incomplete: "The form did not arrive"
    case .otherType: "This is not a form that pages take"
    }
  }

  var text: String {
    switch self {
    case .tooLarge: "A form may have \(SitePages.maximumForm) bytes."
    case .incomplete: "The connection was lost before all of it was here. Send it again."
    case .otherType:
      "Pages take \(FormFields.contentType), which is what a form without enctype sends; not files, and not JSON."
    }
  }
}

/// ``SitePages`` at the end of a router's middleware.
struct SitePagesMiddleware<Context: RequestContext>: RouterMiddleware {
  let pages: SitePages

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    await pages.respond(to: request)
  }
}
