import Foundation
import WorkspaceTools

/// Where requests go.
struct WebhookEndpoint: Sendable {
  let url: URL
  /// Scheme, host and port: all of an address that may be shown.
  let server: String

  init(_ text: String) throws(WebhookError) {
    guard let url = URL(string: text), let server = url.httpServer else {
      throw WebhookError(
        code: .invalidURL,
        message: "the webhook's address must begin with http:// or https:// and a host")
    }
    guard url.user == nil, url.password == nil else {
      throw WebhookError(
        code: .invalidURL,
        message: "the webhook's address at \(server) has a user or a password in it; put them into "
          + "the Authorization header")
    }
    self.url = url
    self.server = server
  }

  private init(url: URL, server: String) {
    self.url = url
    self.server = server
  }

  /// Where a redirect leads; nil if that is another server, or no address.
  func redirected(to location: String) -> WebhookEndpoint? {
    guard let target = URL(string: location, relativeTo: url)?.absoluteURL,
      target.httpServer == server, target.user == nil, target.password == nil
    else { return nil }
    return WebhookEndpoint(url: target, server: server)
  }
}
