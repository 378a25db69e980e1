import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// What a server said to tell a version of its content from others.
struct RemoteValidators: Sendable, Hashable, Codable {
  var etag: String?
  var lastModified: String?

  var isEmpty: Bool { etag == nil && lastModified == nil }
}

/// What came of asking.
enum FetchedBundle: Sendable {
  case notModified
  case bundle(ContentBundle, RemoteValidators)
}

/// Why nothing came of it.
struct FetchFailure: Error {
  var error: BundleError
  /// Whether the answer was there and must not be believed; else it may be better the next time.
  var isRefusal = false
  var retryAfter: Duration?
}

/// Fetches a bundle by HTTP and checks where it comes from. Holds a client, which ``close()`` ends.
final class BundleFetcher: Sendable {
  static let maximumRedirects = 5
  /// The most bytes of a signature, and of an answer that is an error, of which nothing is read.
  static let maximumSignatureBytes = 4_096
  static let signatureHeader = "Hotreload-Signature"

  private let endpoint: BundleEndpoint
  private let options: RemoteBundleOptions
  private let client = Mutex<HTTPClient?>(nil)
  private let configuration: HTTPClient.Configuration

  init(_ endpoint: BundleEndpoint, _ options: RemoteBundleOptions) throws(BundleError) {
    self.endpoint = endpoint
    self.options = options
    var configuration = HTTPClient.Configuration(tlsConfiguration: try options.tlsConfiguration())
    configuration.redirectConfiguration = .disallow
    // Attempts are ours to count and to space.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
    self.configuration = configuration
  }

  deinit {
    // A client that is not shut down ends the process.
    client.withLock { $0.take() }?.shutdown(queue: .global()) { _ in }
  }

  /// Closes the connections. A fetch after it opens new ones.
  func close() async {
    try? await client.withLock { $0.take() }?.shutdown()
  }

  /// - Parameter known: what is had already; if the server has nothing else, it says so.
  func fetch(unless known: RemoteValidators) async throws -> FetchedBundle {
    do {
      return try await fetchOnce(unless: known)
    } catch let failure as FetchFailure where failure.error.code == .signatureMismatch {
      // The content may have been replaced between it and its signature.
      return try await fetchOnce(unless: RemoteValidators())
    }
  }

  private func fetchOnce(unless known: RemoteValidators) async throws -> FetchedBundle {
    var headers: HTTPHeaders = ["Accept": "\(ContentBundle.mediaType), application/json;q=0.9"]
    if let etag = known.etag { headers.add(name: "If-None-Match", value: etag) }
    if let date = known.lastModified { headers.add(name: "If-Modified-Since", value: date) }
    let answer = try await get(endpoint, headers, limit: options.maximumBytes)
    if answer.status == .notModified {
      guard !known.isEmpty else {
        throw FetchFailure(
          error: BundleError(
            .unavailable, "\(endpoint.server) says that nothing changed, and it was not asked that")
        )
      }
      return .notModified
    }
    try checkDigest(answer)
    try await checkSignature(answer)
    let bundle: ContentBundle
    do {
      bundle = try ContentBundle(decoding: answer.bytes)
    } catch {
      throw FetchFailure(
        error: BundleError(
          error.code, "what \(endpoint.server) sent: \(error.message)", cause: error),
        isRefusal: true)
    }
    if let pinned = options.pinnedDigest, bundle.digest != pinned {
      throw FetchFailure(
        error: BundleError(
          .digestMismatch,
          "\(endpoint.server) sent bundle \(bundle.digest), and only \(pinned) is accepted; serve that one, or pin this one"
        ),
        isRefusal: true)
    }
    return .bundle(
      bundle,
      RemoteValidators(
        etag: answer.headers.first(name: "ETag"),
        lastModified: answer.headers.first(name: "Last-Modified")))
  }
}

// MARK: What is believed

extension BundleFetcher {
  private func checkDigest(_ answer: Answer) throws {
    let problem: String
    switch DigestHeaders.check(answer.headers, answer.bytes) {
    case .right: return
    case .wrong(let name):
      problem =
        "does not have the SHA-256 that its header \(name) says: it was damaged on its way or is served wrongly"
    case .absent:
      guard options.requiresDigestHeader else { return }
      problem = "has no header Repr-Digest with a SHA-256, and it must have one"
    }
    throw FetchFailure(
      error: BundleError(.digestMismatch, "what \(endpoint.server) sent \(problem)"),
      isRefusal: true)
  }

  private func checkSignature(_ answer: Answer) async throws {
    guard !options.signingKeys.isEmpty else { return }
    let signature: String
    if let header = answer.headers.first(name: Self.signatureHeader) {
      signature = header
    } else {
      let file = try await get(endpoint.signature, [:], limit: Self.maximumSignatureBytes)
      signature = String(decoding: file.bytes, as: UTF8.self)
    }
    guard options.signingKeys.contains(where: { $0.isSignature(signature, of: answer.bytes) })
    else {
      throw FetchFailure(
        error: BundleError(
          .signatureMismatch,
          "what \(endpoint.server) sent is not signed by a key that is accepted: sign it anew, or find out who changed it"
        ),
        isRefusal: true)
    }
  }
}

// MARK: One request

extension BundleFetcher {
  private struct Answer: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var bytes: [UInt8]
  }

  private func get(
    _ start: BundleEndpoint, _ headers: HTTPHeaders, limit: Int
  ) async throws -> Answer {
    var target = start
    for _ in 0...Self.maximumRedirects {
      let answer = try await getOnce(target, headers, limit: limit)
      switch answer.status.code {
      case 200, 304: return answer
      case 301, 302, 303, 307, 308:
        guard let next = answer.headers.first(name: "Location").flatMap(target.redirected) else {
          throw failure(
            "\(target.server) redirects to nowhere, or not from https to https; use the address it means",
            answer)
        }
        target = next
      default:
        throw failure(
          "\(target.server) answered with status \(answer.status.code); see that the bundle is there and may be read",
          answer)
      }
    }
    throw FetchFailure(
      error: BundleError(
        .unavailable, "\(start.server) redirects more than \(Self.maximumRedirects) times"))
  }

  private func getOnce(
    _ target: BundleEndpoint, _ headers: HTTPHeaders, limit: Int
  ) async throws -> Answer {
    let request = request(target, headers)
    let client = openClient()
    let answer: Answer?
    do {
      answer = try await within(options.requestTimeout) {
        let response = try await client.execute(request, deadline: .distantFuture)
        guard response.status == .ok else {
          return Answer(status: response.status, headers: response.headers, bytes: [])
        }
        return try await Self.read(response, from: target, limit: limit)
      }
    } catch let failure as FetchFailure {
      throw failure
    } catch {
      try Task.checkCancellation()
      throw FetchFailure(
        error: BundleError(
          .unavailable, "\(target.server) could not be reached, or broke off: \(error)",
          cause: error))
    }
    guard let answer else {
      throw FetchFailure(
        error: BundleError(
          .unavailable, "\(target.server) did not answer within \(options.requestTimeout)"))
    }
    return answer
  }

  private static func read(
    _ response: HTTPClientResponse, from target: BundleEndpoint, limit: Int
  ) async throws -> Answer {
    let coding = response.headers[canonicalForm: "Content-Encoding"]
    guard coding.allSatisfy({ $0.lowercased() == "identity" }) else {
      throw FetchFailure(
        error: BundleError(
          .malformed,
          "\(target.server) sent a content coding that it was not asked for; serve the bundle without compression"
        ),
        isRefusal: true)
    }
    let tooLarge = FetchFailure(
      error: BundleError(
        .tooLarge,
        "what \(target.server) sent has more than \(limit) bytes; make the bundle smaller"),
      isRefusal: true)
    let announced = response.headers.first(name: "Content-Length").flatMap { Int($0) }
    if let announced, announced > limit { throw tooLarge }
    do {
      let buffer = try await response.body.collect(upTo: limit)
      return Answer(
        status: response.status, headers: response.headers, bytes: Array(buffer.readableBytesView))
    } catch is NIOTooManyBytesError {
      throw tooLarge
    }
  }

  private func request(_ target: BundleEndpoint, _ headers: HTTPHeaders) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: target.url.absoluteString)
    if target.server == endpoint.server {
      for (name, value) in options.headers { request.headers.add(name: name, value: value) }
    }
    for header in headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
    request.headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
    request.headers.replaceOrAdd(name: "User-Agent", value: "swift-hot-reload")
    return request
  }

  private func failure(_ message: String, _ answer: Answer) -> FetchFailure {
    FetchFailure(
      error: BundleError(.unavailable, message),
      retryAfter: answer.headers.first(name: "Retry-After").flatMap {
        RetryAfter.duration(of: $0, now: Date())
      })
  }

  /// What `body` gives, or nil if it takes longer; then it is cancelled.
  private func within<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }

  private func openClient() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      let new = HTTPClient(configuration: configuration)
      client = new
      return new
    }
  }
}
