import AsyncHTTPClient
import Crypto
import Foundation
import HotReload

/// One event on its way; the same in all attempts.
struct WebhookMessage: Sendable {
  private let id: String
  private let body: [UInt8]
  private let headers: [String: String]
  private let secret: WebhookSecret?

  init(_ event: PublishedEvent, _ options: WebhookOptions) {
    id = event.id
    body = event.jsonBytes(redacting: options.redaction)
    headers = options.headers
    secret = options.secret
  }

  func request(to endpoint: WebhookEndpoint) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: endpoint.url.absoluteString)
    request.method = .POST
    for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
    // Of the attempt: receivers refuse what was signed long ago.
    let timestamp = String(nanosecondsSince1970() / 1_000_000_000)
    var own = [
      "Content-Type": "application/json", "User-Agent": "swift-hot-reload",
      "Idempotency-Key": id, "webhook-id": id, "webhook-timestamp": timestamp,
    ]
    if let secret { own["webhook-signature"] = signature(timestamp, secret) }
    for (name, value) in own { request.headers.replaceOrAdd(name: name, value: value) }
    request.body = .bytes(body)
    return request
  }

  private func signature(_ timestamp: String, _ secret: WebhookSecret) -> String {
    let code = HMAC<SHA256>.authenticationCode(
      for: Array("\(id).\(timestamp).".utf8) + body, using: SymmetricKey(data: secret.bytes))
    return "v1," + String(decoding: base64(Array(code)), as: UTF8.self)
  }
}
