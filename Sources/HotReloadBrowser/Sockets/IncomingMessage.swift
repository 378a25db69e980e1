import NIOCore
import NIOWebSocket

/// Puts a client's message together from its frames (RFC 6455, section 5.4).
struct IncomingMessage {
  enum Step {
    /// More frames of it follow.
    case more
    case text(String)
    /// The connection is to be closed with that code.
    case failed(WebSocketErrorCode)
  }

  private var parts: ByteBuffer?

  /// Takes a frame of data.
  /// - Parameter limit: the most bytes of a whole message.
  mutating func add(_ frame: WebSocketFrame, limit: Int) -> Step {
    var data = frame.unmaskedData
    switch (frame.opcode, parts) {
    case (.text, nil): break
    case (.continuation, var before?):
      before.writeBuffer(&data)
      data = before
    case (.binary, _): return .failed(.unacceptableData)
    default: return .failed(.protocolError)
    }
    guard data.readableBytes <= limit else { return .failed(.messageTooLarge) }
    guard frame.fin else {
      parts = data
      return .more
    }
    parts = nil
    guard let text = String(validating: data.readableBytesView, as: UTF8.self) else {
      return .failed(.dataInconsistentWithMessage)
    }
    return .text(text)
  }
}
