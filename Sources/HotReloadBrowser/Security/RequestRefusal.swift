public import HTTPTypes
public import Hummingbird

/// Why a request is not answered.
public struct RequestRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// 400, 403, 405, 421, 426 or 503.
  public var status: HTTPResponse.Status
  /// One sentence for the person who reads the answer. It quotes nothing of the request.
  public var reason: String

  /// Creates a refusal.
  public init(status: HTTPResponse.Status, reason: String) {
    self.status = status
    self.reason = reason
  }

  /// `403: …`
  public var description: String { "\(status.code): \(reason)" }

  /// The answer that says so, as plain text that nobody stores. With 426 it says what is spoken instead.
  public var response: Response {
    var response = LiveAnswer.text(reason + "\n", status: status)
    if status == .upgradeRequired {
      response.headers[.upgrade] = "websocket"
      response.headers[.secWebSocketVersion] = SocketHandshake.version
    }
    return response
  }
}
