import Foundation

/// Where requests go.
struct WebhookEndpoint: Sendable {
  let url: URL
  /// Scheme, host and port: all of an address that may be shown.
  let server: String

  init(_ text: String) throws(WebhookError) {
    guard let url = URL(string: text), let server = Self.server(of: url) else {
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
      Self.server(of: target) == server, target.user == nil, target.password == nil
    else { return nil }
    return WebhookEndpoint(url: target, server: server)
  }

  private static func server(of url: URL) -> String? {
    guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
      let host = url.host?.lowercased(), !host.isEmpty
    else { return nil }
    let port = url.port ?? (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}
