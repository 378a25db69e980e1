import HTTPTypes
import HotReload
public import Hummingbird

extension LiveReload {
  /// Answers a request for something of live reload: everything below `/_hotreload/`, `/livereload` and `/livereload.js`.
  ///
  /// - Returns: nil for every other path; then it is for somebody else, and who may ask was not checked.
  public func respond(to request: Request) async -> Response? {
    guard let target = request.head.path else { return nil }
    let path = LivePath.path(of: target)
    guard LivePath.isOurs(path) else { return nil }
    let policy = options.policy
    // A page of another program on this machine may name the script for extensions.
    let isForAll = path == LivePath.extensionClient
    let foreign =
      isForAll ? policy.refusal(of: request.head) : policy.refusalOfForeign(request.head)
    if let foreign {
      note(foreign, of: request.head)
      return foreign.response
    }
    let endpoints = endpoint(at: path)
    guard !endpoints.isEmpty else {
      return LiveAnswer.text("there is nothing at this path\n", status: .notFound)
    }
    guard let endpoint = endpoints.first(where: { $0.method == request.method }) else {
      var response = LiveAnswer.text("not with this method\n", status: .methodNotAllowed)
      response.headers[.allow] = endpoints.map(\.method.rawValue).sorted().joined(separator: ", ")
      return response
    }
    if endpoint.method != .get,
      let refusal = policy.refusalOfChange(request.head, token: token)
    {
      note(refusal, of: request.head)
      return refusal.response
    }
    var response = await endpoint.respond(to: request)
    for field in LiveAnswer.fields where response.headers[field.name] == nil {
      response.headers.append(field)
    }
    return response
  }

  /// Says why a page got nothing, to the person who looks for it.
  func note(_ refusal: RequestRefusal, of request: HTTPRequest) {
    let path = LivePath.path(of: request.path ?? "")
    options.logger.debug(
      "a request of live reload was refused",
      metadata: ["path": "\(path)", "reason": "\(refusal)"])
  }

  /// What is answered without anybody adding it.
  var ownEndpoints: [ClosureEndpoint] {
    [
      get(LivePath.client) { _, _ in
        LiveAnswer.bytes(PackageResources.client_js, type: "text/javascript; charset=utf-8")
      },
      get(LivePath.extensionClient) { _, _ in
        LiveAnswer.bytes(PackageResources.livereload_js, type: "text/javascript; charset=utf-8")
      },
      get(LivePath.ping) { live, request in
        live.hasToken(request) ? LiveAnswer.empty() : RequestRefusal.wrongToken.response
      },
      get(LivePath.events) { live, request in
        guard live.hasToken(request) else { return RequestRefusal.wrongToken.response }
        return live.events() ?? RequestRefusal.full.response
      },
      get(LivePath.socket) { _, _ in RequestRefusal.otherProtocol.response },
      get(LivePath.extensionSocket) { _, _ in RequestRefusal.otherProtocol.response },
      change(LivePath.reload) { manager in
        let report = try await manager.reload()
        var answer = WireObject()
        answer.add("generation", report.generation)
        answer.add("accepted", report.isAccepted)
        return answer.text
      },
      change(LivePath.pause) { manager in
        manager.pause()
        return #"{"paused":true}"#
      },
      change(LivePath.resume) { manager in
        manager.resume()
        return #"{"paused":false}"#
      },
    ]
  }

  private func get(
    _ path: String, _ body: @escaping @Sendable (LiveReload, Request) async -> Response
  ) -> ClosureEndpoint {
    ClosureEndpoint(path: path, method: .get) { [weak self] request in
      guard let self else { return LiveAnswer.empty(.serviceUnavailable) }
      return await body(self, request)
    }
  }

  private func change(
    _ path: String, _ body: @escaping @Sendable (HotReloadManager) async throws -> String
  ) -> ClosureEndpoint {
    ClosureEndpoint(path: path, method: .post) { [manager] _ in
      do {
        return LiveAnswer.text(try await body(manager), type: "application/json")
      } catch {
        return LiveAnswer.text("\(error)\n", status: .conflict)
      }
    }
  }

  private func hasToken(_ request: Request) -> Bool {
    LivePath.token(in: request.head.path ?? "").map { token.matches($0) } ?? false
  }
}
