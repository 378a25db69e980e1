import HTTPTypes
import NIOCore
import NIOHTTP1

/// What a proxy changes in headers, on the way to the program behind it and back.
struct ProxyHeaders: Sendable {
  let upstream: ProxyUpstream

  // MARK: To the upstream

  /// The head of a request as the upstream gets it.
  ///
  /// - Parameters:
  ///   - request: as the browser sent it.
  ///   - client: the browser's address, if it is known.
  ///   - keepsUpgrade: whether it asks for another protocol, which the upstream is to speak.
  func toUpstream(
    _ request: HTTPRequest, from client: SocketAddress?, keepsUpgrade: Bool = false
  ) -> HTTPRequestHead {
    var head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue),
      uri: request.path ?? "/")
    let ours = request.authority ?? ""
    head.headers.add(name: "Host", value: upstream.authority)
    let dropped = Self.hopByHop(request.headerFields[values: .connection])
    var cookies: [String] = []
    for field in request.headerFields where !dropped.contains(field.name.canonicalName) {
      switch field.name {
      case .origin, .referer:
        head.headers.add(name: field.name.rawName, value: toUpstream(url: field.value, of: ours))
      case .cookie: cookies.append(field.value)
      case .contentLength where request.headerFields.contains(.transferEncoding),
        Self.forwardedFor, Self.forwardedHost, Self.forwardedProto, .expect, .trailer:
        break
      default: head.headers.add(name: field.name.rawName, value: field.value)
      }
    }
    if !cookies.isEmpty {
      head.headers.add(name: "Cookie", value: cookies.joined(separator: "; "))
    }
    if request.headerFields.contains(.transferEncoding) {
      head.headers.add(name: "Transfer-Encoding", value: "chunked")
    } else if [.post, .put, .patch].contains(request.method),
      !request.headerFields.contains(.contentLength)
    {
      head.headers.add(name: "Content-Length", value: "0")
    }
    addForwarded(to: &head.headers, request, ours: ours, client: client)
    if keepsUpgrade {
      head.headers.add(name: "Connection", value: "Upgrade")
      head.headers.add(name: "Upgrade", value: "websocket")
    }
    return head
  }

  private func addForwarded(
    to headers: inout HTTPHeaders, _ request: HTTPRequest, ours: String, client: SocketAddress?
  ) {
    let fields = request.headerFields
    let addresses = fields[values: Self.forwardedFor] + [client?.ipAddress].compactMap { $0 }
    if !addresses.isEmpty {
      headers.add(name: "X-Forwarded-For", value: addresses.joined(separator: ", "))
    }
    headers.add(name: "X-Forwarded-Host", value: fields[Self.forwardedHost] ?? ours)
    headers.add(
      name: "X-Forwarded-Proto", value: fields[Self.forwardedProto] ?? request.scheme ?? "http")
  }

  /// Programs compare `Origin` with `Host` to refuse the forms of other sites. So one that names us names them.
  private func toUpstream(url: String, of ours: String) -> String {
    for scheme in ["http://", "https://"] where url.lowercased().hasPrefix(scheme) {
      let rest = url.dropFirst(scheme.count)
      let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
      guard !ours.isEmpty, rest[..<end].lowercased() == ours.lowercased() else { return url }
      return "http://\(upstream.authority)\(rest[end...])"
    }
    return url
  }

  // MARK: From the upstream

  /// The headers of an answer as the browser gets them.
  func fromUpstream(_ headers: HTTPHeaders, to request: HTTPRequest) -> HTTPFields {
    let dropped = Self.hopByHop(headers[canonicalForm: "connection"].map(String.init))
    let origin = "\(request.scheme ?? "http")://\(request.authority ?? upstream.authority)"
    var fields = HTTPFields()
    for (name, value) in headers {
      guard let name = HTTPField.Name(name), !dropped.contains(name.canonicalName) else { continue }
      switch name {
      case .location, .contentLocation, .accessControlAllowOrigin:
        fields.append(HTTPField(name: name, value: fromUpstream(url: value, origin: origin)))
      case .setCookie:
        fields.append(HTTPField(name: name, value: fromUpstream(cookie: value)))
      case .trailer: break
      default: fields.append(HTTPField(name: name, value: value))
      }
    }
    return fields
  }

  private func fromUpstream(url: String, origin: String) -> String {
    for scheme in ["http://", "//"] where url.lowercased().hasPrefix(scheme) {
      let rest = url.dropFirst(scheme.count)
      let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
      guard upstream.isNamed(by: rest[..<end]) else { return url }
      return origin + rest[end...]
    }
    return url
  }

  /// A cookie for the upstream's host is one for whatever host the browser knows it by: that is a cookie without a domain.
  private func fromUpstream(cookie: String) -> String {
    let parts = cookie.split(separator: ";", omittingEmptySubsequences: false)
    let kept = parts.enumerated().filter { index, part in
      let pair = part.split(separator: "=", maxSplits: 1).map(\.trimmed)
      guard index > 0, pair.count == 2, pair[0].lowercased() == "domain" else { return true }
      let domain = pair[1].hasPrefix(".") ? pair[1].dropFirst() : pair[1]
      return HostName(domain).map(upstream.hasName) != true
    }
    return kept.map(\.element).joined(separator: ";")
  }

  /// The headers that concern one connection only, in lower case: the usual ones, and those that `Connection` names.
  static func hopByHop(_ connection: [String]) -> Set<String> {
    var names: Set<String> = [
      "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
      "te", "transfer-encoding", "upgrade", "host",
    ]
    for value in connection {
      // Nobody may have a length or cookies taken away by naming them there.
      let named = value.split(separator: ",").map { $0.trimmed.lowercased() }
      names.formUnion(named.filter { !["content-length", "cookie", "set-cookie"].contains($0) })
    }
    return names
  }

  private static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
  private static let forwardedHost = HTTPField.Name("X-Forwarded-Host")!
  private static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
}
