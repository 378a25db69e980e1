/// The server that a development proxy stands in front of.
public struct ProxyUpstream: Sendable, Hashable, CustomStringConvertible {
  /// Its host, a name or an address without brackets.
  public let host: String
  /// Its port.
  public let port: Int
  private let isLoopback: Bool

  /// Reads `http://127.0.0.1:3000`, `127.0.0.1:3000`, `localhost:3000` or `http://[::1]:3000`.
  ///
  /// - Parameters:
  ///   - url: what the person wrote. Without a port it is 80.
  ///   - allowsOtherHosts: whether it may be on another machine, which would see all requests unencrypted.
  /// - Throws: ``ProxyUpstreamError``.
  public init(_ url: String, allowsOtherHosts: Bool = false) throws {
    func bad(_ problem: String) -> ProxyUpstreamError {
      ProxyUpstreamError("cannot proxy to '\(url)': \(problem)")
    }
    var rest = url[...]
    if let scheme = rest.firstRange(of: "://") {
      guard rest[..<scheme.lowerBound].lowercased() == "http" else {
        throw bad("only http:// is spoken to the program behind; write http://127.0.0.1:PORT")
      }
      rest = rest[scheme.upperBound...]
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    guard !rest.contains(where: { "/?#@".contains($0) || $0.isWhitespace }) else {
      throw bad("paths and user names are not part of an origin; write http://127.0.0.1:PORT")
    }
    guard let named = HostName(rest), named.port != 0 else {
      throw bad("it is not http://HOST:PORT with a port from 1 to 65535")
    }
    guard allowsOtherHosts || named.isLoopback else {
      throw bad("\(named.name) is not this machine, and what is sent there is not encrypted")
    }
    host = named.name
    port = named.port ?? 80
    isLoopback = named.isLoopback
  }

  /// What its `Host` header says.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == 80 ? name : "\(name):\(port)"
  }

  /// `http://127.0.0.1:3000`.
  public var description: String { "http://\(authority)" }

  /// Whether an authority in a header of the upstream means the upstream itself, whichever name it calls itself by.
  func isNamed(by authority: Substring) -> Bool {
    guard let named = HostName(authority), (named.port ?? 80) == port else { return false }
    return hasName(named)
  }

  /// Whether it may call itself so: by its name, or, on this machine, by any name of the machine.
  func hasName(_ other: HostName) -> Bool {
    other.name == host || (isLoopback && other.isLoopback)
  }
}

/// What was given is not a server that can be proxied to. Its description is for the person who gave it.
public struct ProxyUpstreamError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, and what to write instead.
  public let description: String

  init(_ description: String) { self.description = description }
}
