public import HTTPTypes

/// Which requests a development server answers at all, by their header fields.
///
/// A development server is reachable by every web page that its user visits: a page can send requests to `localhost`, and with a name of its
/// own that resolves to 127.0.0.1 it could even read the answers. So a request must name a host that is known to be this machine (the
/// defence against DNS rebinding), foreign pages may not embed what is served, and what changes something or
/// opens a socket must come from a page of ours.
///
/// The functions are pure; nothing is looked up.
public struct RequestPolicy: Sendable, Hashable {
  /// The most configured names.
  public static let maximumHosts = 64

  /// Names and addresses beside `localhost`, `*.localhost` and the loopback addresses, without a port: `dev.example.test`,
  /// `192.168.1.5`, `*.example.test`.
  public let allowedHosts: [String]

  private let names: Set<String>
  private let suffixes: [String]

  /// Creates a policy. Names that are no names, and those beyond ``maximumHosts``, are left out.
  public init(allowedHosts: [String] = []) {
    let known = allowedHosts.prefix(Self.maximumHosts).map { $0.lowercased() }
    self.allowedHosts = Array(known)
    suffixes = known.filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) }
    names = Set(
      known.filter { !$0.hasPrefix("*.") }.compactMap { name in
        HostName.canonicalAddress(name) ?? HostName(name)?.name
      })
  }

  /// Why a request is refused, whatever it is for; nil if it is not.
  ///
  /// Its target must be a path, its host one of ours, and a page of another site may link to what is served, but not embed it.
  public func refusal(of request: HTTPRequest) -> RequestRefusal? {
    refusalByHost(of: request) ?? refusalBySite(of: request)
  }

  /// Why a request for something that only our own pages use is refused, such as the client script or the events.
  ///
  /// Programs that are no browsers send neither an origin nor a site, and are let through.
  public func refusalOfForeign(_ request: HTTPRequest) -> RequestRefusal? {
    if let refusal = refusal(of: request) { return refusal }
    switch request.headerFields[.fetchSite] {
    case nil, "same-origin", "none": break
    default: return .foreign
    }
    return refusalByOrigin(of: request) { origin, host in
      origin.isSame(as: host) || isConfigured(origin.host)
    }
  }

  /// Why a request that opens a socket for existing browser extensions is refused. These have no token, and their pages may be served
  /// by another program on this machine, so any port of a known host is one to come from.
  func refusalOfExtension(_ request: HTTPRequest) -> RequestRefusal? {
    if let refusal = refusalByHost(of: request) { return refusal }
    // A page at 127.0.0.1 is another site than one at localhost, so what counts is the origin, which browsers send with each socket.
    if request.headerFields[.origin] == nil { return refusalBySite(of: request) }
    return refusalByOrigin(of: request) { origin, _ in isAllowed(origin.host) }
  }

  /// Why a request that changes something is refused: it must be a POST from a page of ours, with the token in the header
  /// `X-HotReload-Token`. A form or script of another site cannot set that header.
  public func refusalOfChange(_ request: HTTPRequest, token: LiveToken) -> RequestRefusal? {
    guard request.method == .post else {
      return RequestRefusal(
        status: .methodNotAllowed,
        reason: "this changes something: send it with POST")
    }
    if let refusal = refusalOfForeign(request) { return refusal }
    let sent = request.headerFields[values: .hotReloadToken]
    guard sent.count == 1, token.matches(sent[0]) else {
      return RequestRefusal(
        status: .forbidden, reason: "the header X-HotReload-Token has not the token of this server")
    }
    return nil
  }

  private func refusalByHost(of request: HTTPRequest) -> RequestRefusal? {
    guard request.path?.utf8.first == UInt8(ascii: "/") else {
      return RequestRefusal(
        status: .badRequest, reason: "the target of the request is not a path on this server")
    }
    // Of several `Host` fields the first is the authority, and the others stay among the fields.
    guard request.headerFields[values: .secondHost].isEmpty else {
      return RequestRefusal(status: .badRequest, reason: "the request has more than one Host")
    }
    guard let authority = request.authority else {
      return RequestRefusal(status: .badRequest, reason: "the request has no Host")
    }
    guard let host = HostName(authority) else {
      return RequestRefusal(
        status: .badRequest, reason: "the Host of the request is not a name or address with a port")
    }
    guard isAllowed(host) else {
      return RequestRefusal(
        status: .misdirectedRequest,
        reason: "this server does not answer for that Host; allow it by name if it is yours")
    }
    return nil
  }

  /// Fetch Metadata (W3C): what a page of another site embeds or fetches is refused; that somebody follows a link is not.
  private func refusalBySite(of request: HTTPRequest) -> RequestRefusal? {
    guard request.headerFields[.fetchSite] == "cross-site" else { return nil }
    let isNavigation =
      request.headerFields[.fetchMode] == "navigate" && request.method == .get
      && request.headerFields[.fetchDestination] == "document"
    return isNavigation ? nil : .foreign
  }

  private func refusalByOrigin(
    of request: HTTPRequest, accepts: (WebOrigin, HostName) -> Bool
  ) -> RequestRefusal? {
    let origins = request.headerFields[values: .origin]
    if origins.isEmpty { return nil }
    guard origins.count == 1, let origin = WebOrigin(origins[0]),
      let host = request.authority.flatMap({ HostName($0) }), accepts(origin, host)
    else { return .foreign }
    return nil
  }

  private func isAllowed(_ host: HostName) -> Bool { host.isLoopback || isConfigured(host) }

  private func isConfigured(_ host: HostName) -> Bool {
    names.contains(host.name) || suffixes.contains { host.name.hasSuffix($0) }
  }
}

extension RequestRefusal {
  static let foreign = RequestRefusal(
    status: .forbidden, reason: "a page of another site may not use this")
}
