public import HTTPTypes
public import Hummingbird
import Synchronization

/// Something below `/_hotreload/` that answers requests.
///
/// Who may ask is checked before: with `GET` nobody from another site, with `POST` only a page of ours that has the token.
public protocol LiveEndpoint: Sendable {
  /// The whole path: `/_hotreload/status.json`.
  var path: String { get }
  /// `GET`, or `POST` for what changes something.
  var method: HTTPRequest.Method { get }
  /// Answers. The header fields that all answers below `/_hotreload/` have are added.
  func respond(to request: Request) async -> Response
}

/// The endpoints by their paths.
final class EndpointRegistry: Sendable {
  private let endpoints = Mutex<[String: [any LiveEndpoint]]>([:])

  func add(_ endpoint: some LiveEndpoint) {
    endpoints.withLock { endpoints in
      endpoints[endpoint.path, default: []].removeAll { $0.method == endpoint.method }
      endpoints[endpoint.path, default: []].append(endpoint)
    }
  }

  func all(at path: Substring) -> [any LiveEndpoint] {
    endpoints.withLock { $0[String(path)] ?? [] }
  }
}

/// An endpoint that is a function.
struct ClosureEndpoint: LiveEndpoint {
  let path: String
  let method: HTTPRequest.Method
  let body: @Sendable (Request) async -> Response

  func respond(to request: Request) async -> Response { await body(request) }
}
