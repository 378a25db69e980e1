import HTTPTypes
public import HotReloadContent
public import Hummingbird
internal import NIOCore
public import SystemPackage

/// Serves the assets of a workspace in development.
///
/// - Hashed URLs are answered with `Cache-Control: public, max-age=31536000, immutable`; one with another digest than the asset
///   has now is 404, never other bytes. Only a LiveReload client is sent on to the new one: it adds `?livereload=…` to the URL
///   that the page has, and knows no other.
/// - Plain URLs are answered with `no-cache`: the browser asks each time, and gets 304 if it has these bytes.
/// - Both have a strong `ETag` of the content, single ranges, and gzip for texts if there is an ``AssetCache``.
/// - Content that is not in memory is streamed from the disk, by threads that may block, in pieces of 128 KiB. If the file is no
///   longer what the manifest says, the answer is 503 until a reload has seen to it; if it is written to or cut while it is sent,
///   the connection is closed before the promised length, and no other byte is sent. One that is replaced, as editors and
///   deployments do it, is sent to its end as it was.
///
/// Every request, be it for an asset or not, must have a target that ``RequestPath`` accepts, else it is answered here. Other
/// paths and methods are for the next responder.
///
/// ```swift
/// let assets = try await manager.register(AssetBuilder(), for: [.assets])
/// router.add(middleware: AssetMiddleware(root: manager.contentRoot) { assets.current })
/// ```
///
/// In production a web server or `FileMiddleware` serves what ``AssetBuild`` wrote.
public struct AssetMiddleware<Context: RequestContext>: RouterMiddleware {
  /// What LiveReload clients add to a URL to have it loaded anew.
  private static var liveReloadParameter: Substring { "livereload" }

  private let manifest: @Sendable () -> AssetManifest
  private let cache: AssetCache?
  private let files: AssetFiles

  /// Creates a middleware.
  /// - Parameters:
  ///   - root: the folder that the assets in force come from, such as `HotReloadManager.contentRoot`, or the workspace's root; asked
  ///     for each time that a file is not below the folder that the manifest says. No file outside of these is opened.
  ///   - cache: keeps compressed forms; without it nothing is compressed.
  ///   - manifest: the assets in force; called for each request.
  public init(
    root: @autoclosure @escaping @Sendable () -> FilePath, cache: AssetCache? = nil,
    manifest: @escaping @Sendable () -> AssetManifest
  ) {
    self.manifest = manifest
    self.cache = cache
    files = AssetFiles(root: root)
  }

  /// Answers a request for an asset; hands on any other.
  public func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let path: RequestPath
    do throws(RequestPathError) {
      path = try RequestPath(target: request.head.path ?? "")
    } catch {
      return .refusing(HTTPResponse.Status(code: error.status), "\(error)\n")
    }
    guard request.method == .get || request.method == .head, !path.endsInSlash else {
      return try await next(request, context)
    }
    let answer: AssetAnswer
    switch manifest().asset(atURLPath: path.relative) {
    case .plain(let asset): answer = AssetAnswer(asset, isImmutable: false, request)
    case .hashed(let asset): answer = AssetAnswer(asset, isImmutable: true, request)
    case .gone(let newer):
      guard request.uri.queryParameters[Self.liveReloadParameter] != nil else {
        return .refusing(.notFound, "the asset has another digest by now\n")
      }
      return Response(
        status: .temporaryRedirect,
        headers: [.location: newer.hashedURLPath, .cacheControl: "no-store"])
    case .none: return try await next(request, context)
    }
    // What only a manifest of a build tells of is served by others.
    guard answer.asset.bytes != nil || answer.asset.stamp != nil else {
      return try await next(request, context)
    }
    let response = try await respond(answer)
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func respond(_ answer: AssetAnswer) async throws -> Response {
    if answer.isKnown { return Response(status: .notModified, headers: answer.headers) }
    let asset = answer.asset
    if case .unsatisfiable = answer.range {
      var headers = answer.headers
      headers[.contentType] = nil
      headers[.contentRange] = "bytes */\(asset.size)"
      headers[.cacheControl] = "no-store"
      return Response(status: .rangeNotSatisfiable, headers: headers)
    }
    if answer.wantsGzip, let form = await cache?.gzip(asset) {
      var headers = answer.headers
      headers[.contentEncoding] = "gzip"
      headers[.eTag] = answer.gzipTag.description
      headers[.acceptRanges] = nil
      return Response(
        status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: form)))
    }
    guard let body = try await body(of: answer) else {
      return .refusing(.serviceUnavailable, "the asset has changed and is not loaded yet\n")
    }
    var headers = answer.headers
    guard case .part(let part) = answer.range else {
      return Response(status: .ok, headers: headers, body: body)
    }
    headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(asset.size)"
    return Response(status: .partialContent, headers: headers, body: body)
  }

  /// The bytes that are asked for; nil if the file does not have them any more.
  private func body(of answer: AssetAnswer) async throws -> ResponseBody? {
    let part: Range<Int> =
      if case .part(let part) = answer.range { part } else { 0..<answer.asset.size }
    if let bytes = answer.asset.bytes {
      return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes[part]))
    }
    guard let file = try await files.open(answer.asset) else { return nil }
    // Before a length is promised: what happens to the file until then is told by the status.
    let first: [UInt8]
    do {
      let count = min(AssetFile.chunkSize, part.count)
      first = try await file.read(at: part.lowerBound, count: count)
    } catch is AssetFileChanged { return nil }
    return ResponseBody(contentLength: part.count) { writer in
      try await writer.write(ByteBuffer(bytes: first))
      var offset = part.lowerBound + first.count
      while offset < part.upperBound {
        let count = min(AssetFile.chunkSize, part.upperBound - offset)
        try await writer.write(ByteBuffer(bytes: try await file.read(at: offset, count: count)))
        offset += count
      }
      try await writer.finish(nil)
    }
  }
}

extension Response {
  /// An answer that nobody keeps.
  fileprivate static func refusing(_ status: HTTPResponse.Status, _ text: String) -> Response {
    var headers: HTTPFields = [
      .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
      .xContentTypeOptions: "nosniff",
    ]
    if status == .serviceUnavailable { headers[.retryAfter] = "1" }
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
