public import HTTPTypes
public import HotReloadContent
public import Hummingbird

/// Puts the client of live reload into the pages of a site: which answers are pages, what becomes of their headers, and the bytes.
///
/// It is made for one request, and knows the state of the server at that time.
public struct PageInjection: Sendable {
  /// What the client's socket wants to see.
  public let token: String
  /// The generation that pages are made from now.
  public let generation: UInt64

  /// Creates it.
  public init(token: String, generation: UInt64) {
    self.token = token
    self.generation = generation
  }

  // MARK: Requests

  /// Whether the answer to this request will be a document of its own, and not a fragment that a script puts into one.
  public static func asksForPage(_ request: HTTPRequest) -> Bool {
    let headers = request.headerFields
    if fragmentHeaders.contains(where: { headers.contains($0) }) { return false }
    guard let destination = headers[.fetchDestination] else { return true }
    if documentDestinations.contains(destination) { return true }
    // Our own client fetches the page that it is in, to morph the document into it. Nobody else is to read the token.
    let site = headers[.fetchSite] ?? "same-origin"
    return destination == "empty" && headers[.hotReload] == "morph" && site == "same-origin"
  }

  /// Whether a browser says that it wants a document, and not merely does not say that it wants something else.
  public static func expectsPage(_ request: HTTPRequest) -> Bool {
    guard asksForPage(request) else { return false }
    let accepted = request.headerFields[.accept]?.lowercased() ?? ""
    return request.headerFields.contains(.fetchDestination) || accepted.contains("text/html")
  }

  /// The request as whoever makes the page gets it: asking for the whole page, not compressed, or for a confirmation that the browser's
  /// copy, with the client as it is now, is good.
  public func prepared(_ request: HTTPRequest) -> HTTPRequest {
    guard Self.expectsPage(request) else { return request }
    var request = request
    let tags = request.headerFields[.ifNoneMatch]
    request.headerFields[.ifNoneMatch] = tags.flatMap(entityTag.unmarked)
    request.headerFields[.ifModifiedSince] = nil
    request.headerFields[.acceptEncoding] = "identity"
    request.headerFields[.range] = nil
    request.headerFields[.ifRange] = nil
    return request
  }

  // MARK: Answers

  /// Whether this answer is a page that the client can be put into.
  public static func isPage(_ response: HTTPResponse) -> Bool {
    let headers = response.headerFields
    guard response.status.mayBePage, let type = headers[.contentType],
      DocumentType(type).takesElements
    else { return false }
    let disposition = headers[.contentDisposition]?.trimmed.lowercased() ?? ""
    return !disposition.hasPrefix("attachment")
  }

  /// The answer with the client in it, if it is a page. Its body passes in pieces, as it is written.
  ///
  /// What is encoded, such as with gzip, is left alone.
  ///
  /// - Parameters:
  ///   - response: the answer.
  ///   - request: the request, as the browser sent it.
  ///   - usage: where it is noted what the page is made from. It is read when the element is written, and bound while the
  ///     body is.
  public func inject(
    into response: Response, for request: HTTPRequest, usage: RenderUsage? = nil
  ) -> Response {
    guard Self.asksForPage(request) else { return response }
    if response.status == .notModified {
      // Whoever made the page was asked about a copy with the client, see `prepared`.
      guard Self.expectsPage(request) else { return response }
      var response = response
      if let tag = response.headers[.eTag] { response.headers[.eTag] = entityTag.marked(tag) }
      return response
    }
    let encoding = response.headers[.contentEncoding]?.trimmed.lowercased()
    guard Self.isPage(response.head), encoding == nil || encoding == "identity" else {
      return response
    }
    var headers = response.headers
    let nonce = amend(&headers)
    guard request.method != .head else {
      // Its length would be that of the page without the client.
      return Response(status: response.status, headers: headers)
    }
    let original = response.body
    let body = ResponseBody { [self] writer in
      let injecting = InjectingBodyWriter(
        parent: writer,
        makeSnippet: {
          PageScript(
            token: token, generation: generation, uses: usage?.sources ?? [], nonce: nonce,
            method: request.method
          ).html
        })
      if let usage {
        try await RenderUsage.$current.withValue(usage) { try await original.write(injecting) }
      } else {
        try await original.write(injecting)
      }
    }
    return Response(status: response.status, headers: headers, body: body)
  }

  private var entityTag: PageEntityTag { PageEntityTag(token: token, generation: generation) }

  /// - Returns: the nonce for the script.
  private func amend(_ headers: inout HTTPFields) -> String? {
    for name in Self.lostHeaders { headers[name] = nil }
    if let tag = headers[.eTag] { headers[.eTag] = entityTag.marked(tag) }
    // Not `no-store`, which would keep browsers from going back to the page without loading it; unless the page says so.
    let caching = headers[.cacheControl]?.lowercased() ?? ""
    if !caching.contains("no-store") { headers[.cacheControl] = "no-cache" }
    let values = headers[values: .contentSecurityPolicy]
    guard !values.isEmpty else { return nil }
    var policy = ContentSecurityPolicy(headers: values)
    let nonce = policy.admitLiveReload(freshNonce: Self.makeNonce)
    headers[values: .contentSecurityPolicy] = policy.headerValues
    return nonce
  }

  /// 128 random bits, as hexadecimal digits, which are base64 too.
  private static func makeNonce() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Headers of libraries that put what they get into the page.
  private static let fragmentHeaders: [HTTPField.Name] = [
    .init("HX-Request")!, .init("X-Requested-With")!, .init("Turbo-Frame")!,
  ]

  private static let documentDestinations: Set<String> = ["document", "iframe", "frame"]

  /// What is no longer true of the bytes.
  private static let lostHeaders: [HTTPField.Name] = [
    .contentLength, .lastModified, .expires, .acceptRanges, .init("Content-MD5")!, .init("Digest")!,
    .init("Content-Digest")!, .init("Repr-Digest")!,
  ]
}

extension HTTPField.Name {
  static let secFetchDest = Self("Sec-Fetch-Dest")!
  static let secFetchSite = Self("Sec-Fetch-Site")!
  /// How our own client says what it fetches a page for.
  static let hotReload = Self("X-HotReload")!
}

extension HTTPResponse.Status {
  /// Whether an answer with this status can have a whole page as its body.
  fileprivate var mayBePage: Bool {
    kind != .informational
      && ![.noContent, .resetContent, .partialContent, .notModified].contains(self)
  }
}
