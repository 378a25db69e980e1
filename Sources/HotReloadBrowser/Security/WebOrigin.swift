/// What an `Origin` header says: from which site a request comes.
struct WebOrigin: Sendable, Hashable {
  var scheme: String
  var host: HostName

  /// Reads `http://host:port` or `https://host:port`; nil for anything else, `null` among it.
  init?(_ text: String) {
    guard let separator = text.firstRange(of: "://") else { return nil }
    scheme = text[..<separator.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https",
      let host = HostName(text[separator.upperBound...])
    else { return nil }
    self.host = host
  }

  /// Whether a request to this host is one to the same site. The scheme is not compared: who encrypts in front of us changes it, and
  /// with it the port that goes without saying.
  func isSame(as other: HostName) -> Bool {
    guard host.name == other.name else { return false }
    let standard = scheme == "https" ? 443 : 80
    return (host.port ?? standard) == (other.port ?? standard)
  }
}
