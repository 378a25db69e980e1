import Foundation
import WorkspaceTools

/// Where a bundle is fetched from.
struct BundleEndpoint: Sendable, Hashable {
  let url: URL
  /// Scheme, host and port: all of an address that may be shown, as the rest may have a token in it.
  let server: String

  /// - Parameter provesContent: whether a signature or digest tells what a bundle is, so that it may come by plain HTTP.
  init(_ text: String, provesContent: Bool) throws(BundleError) {
    guard let url = URL(string: text), let server = url.httpServer else {
      throw BundleError(
        .invalidOptions,
        "the address of bundles must begin with https:// (or http://) and a host")
    }
    guard url.user == nil, url.password == nil else {
      throw BundleError(
        .invalidOptions,
        "the address of bundles at \(server) has a user or a password in it; put them into the Authorization header"
      )
    }
    guard server.hasPrefix("https:") || provesContent || Self.isLoopback(url) else {
      throw BundleError(
        .invalidOptions,
        "bundles from \(server) would come without encryption, and nothing proves who made them: use https, or give the "
          + "key that they are signed with")
    }
    self.url = url
    self.server = server
  }

  private init(url: URL, server: String) {
    self.url = url
    self.server = server
  }

  /// The same address with `.sig` at the end of its path.
  var signature: BundleEndpoint {
    guard var parts = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return self }
    parts.percentEncodedPath += ".sig"
    return BundleEndpoint(url: parts.url ?? url, server: server)
  }

  /// Where a redirect leads: from https to https only; nil for anything else.
  func redirected(to location: String) -> BundleEndpoint? {
    guard let target = URL(string: location, relativeTo: url)?.absoluteURL,
      let server = target.httpServer, target.user == nil, target.password == nil,
      self.server.hasPrefix("https:"), server.hasPrefix("https:")
    else { return nil }
    return BundleEndpoint(url: target, server: server)
  }

  private static func isLoopback(_ url: URL) -> Bool {
    guard let host = url.host?.lowercased() else { return false }
    return host == "localhost" || host == "::1" || host == "[::1]"
      || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }
}
