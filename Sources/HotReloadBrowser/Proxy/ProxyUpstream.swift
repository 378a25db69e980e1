/// The server that a development proxy stands in front of.
public struct ProxyUpstream: Sendable, Hashable, CustomStringConvertible {
  /// Its host, a name or an address without brackets.
  public let host: String
  /// Its port.
  public let port: Int

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
    guard let authority = Authority(String(rest)) else {
      throw bad("it is not http://HOST:PORT with a port from 1 to 65535")
    }
    guard allowsOtherHosts || authority.isLoopback else {
      throw bad("\(authority.host) is not this machine, and what is sent there is not encrypted")
    }
    host = authority.host
    port = authority.port ?? 80
  }

  /// What its `Host` header says.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == 80 ? name : "\(name):\(port)"
  }

  /// `http://127.0.0.1:3000`.
  public var description: String { "http://\(authority)" }

  /// Whether an authority in a header of the upstream means the upstream itself, whichever name it calls itself by.
  func isNamed(by authority: String) -> Bool {
    guard let named = Authority(authority), (named.port ?? 80) == port else { return false }
    return hasName(named.host)
  }

  func hasName(_ name: String) -> Bool {
    let name = name.lowercased()
    if name == host.lowercased() { return true }
    return Authority.isLoopback(host) && Authority.isLoopback(name)
  }
}

/// What was given is not a server that can be proxied to. Its description is for the person who gave it.
public struct ProxyUpstreamError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, and what to write instead.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// `host:port`, as in a `Host` header.
struct Authority: Sendable, Hashable {
  /// Without brackets.
  var host: String
  var port: Int?

  init?(_ text: String) {
    var rest = text[...]
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
    } else {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      host = String(rest[..<end])
      rest = rest[end...]
    }
    guard !host.isEmpty else { return nil }
    if rest.isEmpty { return }
    let digits = rest.dropFirst()
    guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = Int(digits), (1...65_535).contains(port)
    else { return nil }
    self.port = port
  }

  var isLoopback: Bool { Self.isLoopback(host) }

  /// `localhost`, `*.localhost`, `127.0.0.0/8`, `::1`.
  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
