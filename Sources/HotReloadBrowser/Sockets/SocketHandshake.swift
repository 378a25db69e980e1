import Crypto
import HTTPTypes
import HotReload

/// What becomes of a request that asks for another protocol (RFC 6455, section 4.2).
enum SocketHandshake: Sendable {
  /// It is a request as any other, whose `Upgrade` nobody takes.
  case notOurs
  /// It is answered with that, and the connection is closed.
  case refused(RequestRefusal)
  /// The socket opens if there is a seat for it.
  case accepted(key: String, SocketWire.Language)

  static let version = "13"
  /// The identifier that RFC 6455 adds to the client's key.
  private static let identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// Judges a request by its head.
  init(_ request: HTTPRequest, policy: RequestPolicy, token: LiveToken) {
    let target = request.path ?? ""
    let language: SocketWire.Language
    switch LivePath.path(of: target) {
    case LivePath.socket[...]: language = .own
    case LivePath.extensionSocket[...]: language = .liveReload7
    default:
      self = .notOurs
      return
    }
    guard Self.lists("websocket", in: request, .upgrade),
      Self.lists("upgrade", in: request, .connection)
    else {
      self = .notOurs
      return
    }
    self = Self.judge(request, target, language, policy, token)
  }

  private static func judge(
    _ request: HTTPRequest, _ target: String, _ language: SocketWire.Language,
    _ policy: RequestPolicy, _ token: LiveToken
  ) -> SocketHandshake {
    let foreign =
      language == .own ? policy.refusalOfForeign(request) : policy.refusalOfExtension(request)
    if let foreign { return .refused(foreign) }
    let fields = request.headerFields
    guard request.method == .get, fields[.transferEncoding] == nil,
      fields[.contentLength] == nil || fields[.contentLength] == "0"
    else { return .refused(.badHandshake) }
    guard fields[values: .secWebSocketVersion] == [version] else {
      return .refused(.otherVersion)
    }
    let keys = fields[values: .secWebSocketKey]
    guard keys.count == 1, isKey(keys[0]) else { return .refused(.badHandshake) }
    if language == .own {
      guard let sent = LivePath.token(in: target), token.matches(sent) else {
        return .refused(.wrongToken)
      }
    }
    return .accepted(key: keys[0], language)
  }

  /// The header fields of the answer that opens the socket.
  static func answer(toKey key: String) -> HTTPFields {
    let digest = Insecure.SHA1.hash(data: Array((key + identifier).utf8))
    return [
      .upgrade: "websocket",
      .connection: "upgrade",
      .secWebSocketAccept: String(decoding: base64(Array(digest)), as: UTF8.self),
    ]
  }

  /// Sixteen bytes in base64.
  private static func isKey(_ text: String) -> Bool {
    text.utf8.count == 24 && text.hasSuffix("==")
      && text.utf8.dropLast(2).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }

  /// Whether a list-valued field has a word, in any case.
  private static func lists(_ word: String, in request: HTTPRequest, _ name: HTTPField.Name)
    -> Bool
  {
    request.headerFields[values: name].flatMap { $0.split(separator: ",") }
      .contains { $0.filter { $0 != " " && $0 != "\t" }.lowercased() == word }
  }
}

extension RequestRefusal {
  static let badHandshake = RequestRefusal(
    status: .badRequest, reason: "the request does not open a WebSocket as RFC 6455 has it")
  static let otherVersion = RequestRefusal(
    status: .upgradeRequired, reason: "only version 13 of the WebSocket protocol is spoken here")
  static let otherProtocol = RequestRefusal(
    status: .upgradeRequired, reason: "only the WebSocket protocol is spoken here")
  static let wrongToken = RequestRefusal(
    status: .forbidden,
    reason: "the token is not the one of this server; load the page anew to get it")
  static let full = RequestRefusal(
    status: .serviceUnavailable, reason: "too many pages are connected; close some of them")
}
