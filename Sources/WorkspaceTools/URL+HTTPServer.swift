import Foundation

extension URL {
  /// Scheme, host and port of an HTTP address, in one form whatever the address is written like: all of it that may be shown, as the
  /// rest may have a token in it. Nil for an address of anything else.
  package var httpServer: String? {
    guard let scheme = scheme?.lowercased(), scheme == "http" || scheme == "https",
      let host = host?.lowercased(), !host.isEmpty
    else { return nil }
    let port = port ?? (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}
