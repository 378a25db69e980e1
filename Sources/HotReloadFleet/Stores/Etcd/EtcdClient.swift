import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Requests to the JSON gateways of an etcd's members: one after the other is asked until one answers.
///
/// Watches, which keep a connection each, have a client of their own, so that they never take the connections of requests.
final class EtcdClient: Sendable {
  /// The largest answer that is read, in bytes.
  static let maximumAnswerBytes = 64 << 20
  /// The most connections to one endpoint, for requests and for watches.
  private static let requestConnections = 8
  private static let watchConnections = 1_024

  private struct State {
    /// The endpoint that answered last.
    var preferred = 0
    var token: String?
    var checked: Set<String> = []
  }

  let endpoints: [String]
  private let options: EtcdOptions
  private let logger: Logger
  private let requests: HTTPClient
  private let watches: HTTPClient
  private let state = Mutex(State())
  private let isOpen = Mutex(true)

  init(_ options: EtcdOptions, _ logger: Logger) throws(StoreError) {
    endpoints = try options.validate()
    self.options = options
    self.logger = logger
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: try options.tlsConfiguration())
    configuration.httpVersion = .http1Only
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .nanoseconds(options.requestTimeout.nanoseconds)
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
      Self.requestConnections
    requests = HTTPClient(configuration: configuration)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
      Self.watchConnections
    watches = HTTPClient(configuration: configuration)
  }

  deinit {
    // A client that is not shut down ends the process.
    guard isOpen.withLock({ $0 }) else { return }
    requests.shutdown(queue: .global()) { _ in }
    watches.shutdown(queue: .global()) { _ in }
  }

  func close() async {
    let wasOpen = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    guard wasOpen else { return }
    try? await requests.shutdown()
    try? await watches.shutdown()
  }

  /// The endpoint that answered last, and after it the others, so many in all.
  func candidates() -> [String] {
    let first = state.withLock { $0.preferred }
    return endpoints.indices.map { endpoints[(first + $0) % endpoints.count] }
  }

  func prefer(_ endpoint: String) {
    guard let index = endpoints.firstIndex(of: endpoint) else { return }
    state.withLock { $0.preferred = index }
  }

  /// Asks each endpoint once until one answers. Only for what may be done twice.
  func ask<Reply: Decodable & Sendable>(
    _ path: String, _ body: some Encodable & Sendable, as: Reply.Type = Reply.self
  ) async throws(StoreError) -> Reply {
    var last: StoreError?
    for endpoint in candidates() {
      guard !Task.isCancelled else { throw last ?? .cancelled }
      do throws(EtcdFailure) {
        return try await send(path, body, to: endpoint)
      } catch {
        if case .refused = error.kind { throw error.error }
        last = error.error
      }
    }
    throw last ?? .closed
  }

  /// Asks one endpoint, with a new token if the old one is no longer good.
  func send<Reply: Decodable & Sendable>(
    _ path: String, _ body: some Encodable & Sendable, to endpoint: String
  ) async throws(EtcdFailure) -> Reply {
    let token = try await token(endpoint, after: nil)
    let reply: Reply
    do throws(EtcdFailure) {
      reply = try await post(path, body, to: endpoint, token: token)
    } catch {
      guard case .tokenExpired = error.kind, options.credentials != nil else { throw error }
      let renewed = try await self.token(endpoint, after: token)
      reply = try await post(path, body, to: endpoint, token: renewed)
    }
    prefer(endpoint)
    await checkVersion(endpoint)
    return reply
  }

  /// Opens a stream; returns when its head is there.
  func open(
    _ path: String, _ body: some Encodable & Sendable, to endpoint: String
  ) async throws(EtcdFailure) -> HTTPClientResponse {
    var token = try await token(endpoint, after: nil)
    for isLast in [false, true] {
      let response: HTTPClientResponse
      do {
        let request = try request(endpoint, path, body, token)
        response = try await watches.execute(request, deadline: .distantFuture)
        guard response.status != .ok else { return response }
        let bytes = try await response.body.collect(upTo: 1 << 16)
        throw failure(endpoint, response.status, bytes)
      } catch let error as EtcdFailure {
        guard case .tokenExpired = error.kind, options.credentials != nil, !isLast else {
          throw error
        }
        token = try await self.token(endpoint, after: token)
      } catch {
        throw EtcdFailure(endpoint, connection: error)
      }
    }
    throw EtcdFailure(.notSent, .closed)
  }

  private func post<Reply: Decodable & Sendable>(
    _ path: String, _ body: some Encodable & Sendable, to endpoint: String, token: String?
  ) async throws(EtcdFailure) -> Reply {
    guard isOpen.withLock({ $0 }) else { throw EtcdFailure(.refused, .closed) }
    let bytes: ByteBuffer
    do {
      let request = try request(endpoint, path, body, token)
      let timeout = TimeAmount.nanoseconds(options.requestTimeout.nanoseconds)
      let response = try await requests.execute(request, timeout: timeout)
      bytes = try await response.body.collect(upTo: Self.maximumAnswerBytes)
      guard response.status == .ok else { throw failure(endpoint, response.status, bytes) }
    } catch let error as EtcdFailure {
      throw error
    } catch {
      if case .alreadyShutdown? = error as? HTTPClientError {
        throw EtcdFailure(.refused, .closed)
      }
      throw EtcdFailure(endpoint, connection: error)
    }
    do {
      return try Etcd.decode(Reply.self, from: bytes.readableBytesView)
    } catch {
      throw EtcdFailure(
        .unknown,
        StoreError(
          .corrupted, "etcd at \(endpoint) answered what cannot be read (\(error)); is it an etcd?",
          cause: error))
    }
  }

  private func request(
    _ endpoint: String, _ path: String, _ body: some Encodable, _ token: String?
  ) throws -> HTTPClientRequest {
    var request = HTTPClientRequest(url: endpoint + path)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    if let token { request.headers.add(name: "Authorization", value: token) }
    request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
    return request
  }

  private func failure(
    _ endpoint: String, _ status: HTTPResponseStatus, _ bytes: ByteBuffer
  ) -> EtcdFailure {
    let body = try? Etcd.decode(Etcd.Failure.self, from: bytes.readableBytesView)
    let message = body?.message ?? body?.error ?? "status \(status.code)"
    let code = body?.code ?? (status == .unauthorized ? 16 : nil)
    return EtcdFailure(endpoint, grpc: code, message: message)
  }

  /// A token that is not this one; nil if etcd asks nobody who they are.
  private func token(
    _ endpoint: String, after old: String?
  ) async throws(EtcdFailure) -> String? {
    guard let credentials = options.credentials else { return nil }
    if let token = state.withLock({ $0.token }), token != old { return token }
    let body = Etcd.AuthenticateRequest(name: credentials.user, password: credentials.password)
    do throws(EtcdFailure) {
      let reply: Etcd.AuthenticateResponse = try await post(
        "/v3/auth/authenticate", body, to: endpoint, token: nil)
      state.withLock { $0.token = reply.token }
      return reply.token
    } catch {
      // Nothing of what the token is for was sent.
      if case .unsupported = error.error.code { return nil }
      throw EtcdFailure(error.kind == .unknown ? .notSent : error.kind, error.error)
    }
  }

  /// Has the next request take a new token; false if there is none to forget.
  func forgetToken() -> Bool {
    state.withLock { $0.token.take() } != nil
  }

  /// Warns of a version with known weaknesses, once for each endpoint.
  private func checkVersion(_ endpoint: String) async {
    guard state.withLock({ $0.checked.insert(endpoint).inserted }) else { return }
    let timeout = TimeAmount.nanoseconds(options.requestTimeout.nanoseconds)
    guard
      let response = try? await requests.execute(
        HTTPClientRequest(url: endpoint + "/version"), timeout: timeout),
      let bytes = try? await response.body.collect(upTo: 1 << 16),
      let answer = try? Etcd.decode(Etcd.Version.self, from: bytes.readableBytesView),
      let advice = answer.etcdserver.flatMap({ EtcdVersion($0) })?.advice
    else { return }
    logger.warning("\(advice)", metadata: ["endpoint": "\(endpoint)"])
  }
}
