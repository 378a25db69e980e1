import HTTPTypes
public import Hummingbird
import Logging
public import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
public import ServiceLifecycle

/// Stands in front of a program that serves a site, so that live reload works for a site in any language.
///
/// Requests and answers pass in pieces, both ways, byte for byte; only pages that are compressed are decompressed, so that whoever is in
/// front can put the client into them. While the program is being built, requests wait; while it is away they are
/// answered with a page that says so.
///
/// Informational answers (1xx) and trailers are not passed on. When the browser leaves, an event stream is closed behind at once, and any
/// other answer when there is something to send of it. It must run, as a service beside the server; `respond(to:from:)`
/// may be called from any thread.
public final class DevelopmentProxy: Service {
  /// The program behind.
  public let upstream: ProxyUpstream
  /// What bounds it.
  public let limits: ProxyLimits
  let pool: UpstreamPool
  let headers: ProxyHeaders
  private let build: BuildMonitor?
  private let onReturn: @Sendable () async -> Void
  private let departures: AsyncStream<Void>
  private let departure: AsyncStream<Void>.Continuation

  /// Creates a proxy. It connects when it is asked for something.
  ///
  /// - Parameters:
  ///   - upstream: the program behind.
  ///   - limits: what bounds it.
  ///   - build: tells what becomes of the program; nil if nobody knows.
  ///   - group: where its connections live.
  ///   - onReturn: is called when the program answers again, after somebody was told that it does not: here
  ///     pages are told to load anew.
  public init(
    to upstream: ProxyUpstream, limits: ProxyLimits = ProxyLimits(), build: BuildMonitor? = nil,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    onReturn: @escaping @Sendable () async -> Void = {}
  ) {
    self.upstream = upstream
    self.limits = limits
    self.build = build
    self.onReturn = onReturn
    pool = UpstreamPool(upstream: upstream, limits: limits, group: group)
    headers = ProxyHeaders(upstream: upstream)
    (departures, departure) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Looks for the return of a program that is away, until the graceful shutdown or cancellation; then closes all connections. Answers
  /// that end by themselves get ``ProxyLimits/drain``.
  public func run() async {
    await cancelWhenGracefulShutdown { [self] in
      for await _ in departures {
        while await !isThere() {
          guard (try? await Task.sleep(for: ProxyLimits.probeInterval)) != nil else { return }
        }
        await onReturn()
      }
    }
    await pool.shutDown()
  }

  /// The program is being started again: `onReturn` is called when it answers.
  public func expectReturn() { departure.yield() }

  private func isThere() async -> Bool {
    guard let connection = try? await pool.open() else { return false }
    pool.giveBack(connection)
    return true
  }

  // MARK: Requests

  /// Answers a request with what the program behind answers, or with a page that says why there is no answer.
  ///
  /// - Parameters:
  ///   - request: as the server got it.
  ///   - client: the address that it came from, for `X-Forwarded-For`.
  public func respond(to request: Request, from client: SocketAddress? = nil) async -> Response {
    do {
      return try await forward(request, from: client)
    } catch UpstreamPool.Failure.full {
      return ProxyPage.full(upstream, limit: limits.connections).response
    } catch UpstreamPool.Failure.shutDown {
      return ProxyPage.ending.response
    } catch let waiting as StillBuilding {
      return ProxyPage.building(since: waiting.since).response
    } catch let unreachable as Unreachable {
      departure.yield()
      if case .failed(let output) = build?.state {
        return ProxyPage.buildFailed(output: output).response
      }
      return ProxyPage.away(upstream, problem: unreachable.problem).response
    } catch {
      departure.yield()
      return ProxyPage.brokenOff(upstream, problem: String(describing: error)).response
    }
  }

  private func forward(_ request: Request, from client: SocketAddress?) async throws -> Response {
    try await waitForBuild()
    let head = headers.toUpstream(request.head, from: client)
    let hasBody =
      request.headers.contains(.transferEncoding)
      || (request.headers[.contentLength].map { $0 != "0" } ?? false)
    let isRepeatable = !hasBody && Self.repeatable.contains(request.method)
    // A connection that was used may be closed by the other side at any moment. What must not be sent twice goes on a new one.
    if isRepeatable, let connection = pool.takeIdle() {
      let exchange = UpstreamExchange(connection, pool: pool)
      if let answer = try? await begin(exchange, head, request, body: nil) {
        return await response(answer, of: exchange, to: request)
      }
      exchange.abandon()
      try Task.checkCancellation()
    }
    let exchange = UpstreamExchange(try await connect(), pool: pool)
    let answer = try await begin(exchange, head, request, body: hasBody ? request.body : nil)
    return await response(answer, of: exchange, to: request)
  }

  private func begin(
    _ exchange: UpstreamExchange, _ head: HTTPRequestHead, _ request: Request, body: RequestBody?
  ) async throws -> HTTPResponseHead {
    let mayBePage = request.method != .head && PageInjection.asksForPage(request.head)
    try await exchange.send(head, body: body, decompressesPage: mayBePage)
    return try await exchange.cutAtShutdown(after: limits.drain) { try await exchange.head() }
  }

  private func waitForBuild() async throws {
    guard let build else { return }
    let limit = limits.build
    let state = await cancelWhenGracefulShutdown { await build.waitWhileBuilding(atMost: limit) }
    if case .building(let since) = state { throw StillBuilding(since: since) }
  }

  /// Connects; if somebody runs the program, until it has had the time to start.
  private func connect() async throws -> UpstreamConnection {
    let deadline = ContinuousClock.now + limits.start
    while true {
      do {
        return try await pool.open()
      } catch let failure as UpstreamPool.Failure {
        throw failure
      } catch {
        guard let build, build.state == .idle, .now < deadline, !Task.isShuttingDownGracefully
        else {
          throw Unreachable(problem: Self.problem(error))
        }
        try await Task.sleep(for: ProxyLimits.probeInterval)
        try await waitForBuild()
      }
    }
  }

  // MARK: Answers

  private func response(
    _ head: HTTPResponseHead, of exchange: UpstreamExchange, to request: Request
  ) async -> Response {
    let status = (try? HTTPResponse(head))?.status ?? .badGateway
    let fields = headers.fromUpstream(head.headers, to: request.head)
    let isReusable = head.isKeepAlive
    let hasBody =
      request.method != .head && status.kind != .informational
      && ![.noContent, .notModified].contains(status)
    guard hasBody else {
      try? await exchange.relay(isReusable: isReusable) { _ in }
      return Response(status: status, headers: fields)
    }
    let type = fields[.contentType].map { DocumentType($0) }
    let isStream = type?.isEventStream == true
    if isStream { pool.markLasting(exchange.connection.channel) }
    let watchesBrowser = isStream && !exchange.isUploading
    let drain = isStream ? Duration.zero : limits.drain
    let body = ResponseBody(contentLength: fields[.contentLength].flatMap { Int($0) }) { writer in
      try await exchange.cutAtShutdown(after: drain) {
        guard watchesBrowser else {
          return try await exchange.relay(isReusable: isReusable) { try await writer.write($0) }
        }
        // A stream may be silent for hours: that the browser left must be noticed without writing to it.
        try await request.body.consumeWithInboundCloseHandler { _ in
          try await exchange.relay(isReusable: isReusable) { try await writer.write($0) }
        } onInboundClosed: {
          exchange.abandon()
        }
      }
      try await writer.finish(nil)
    }
    return Response(status: status, headers: fields, body: body)
  }

  private static let repeatable: Set<HTTPRequest.Method> = [.get, .head, .options]

  private static func problem(_ error: any Error) -> String {
    if let error = error as? NIOConnectionError {
      return error.connectionErrors.last.map { problem($0.error) } ?? "no address has that name"
    }
    if let error = error as? IOError {
      return error.errnoCode == ECONNREFUSED ? "nothing listens there" : error.description
    }
    return String(describing: error)
  }
}

/// Nobody listens, or not there.
private struct Unreachable: Error {
  var problem: String
}

private struct StillBuilding: Error {
  var since: ContinuousClock.Instant
}
