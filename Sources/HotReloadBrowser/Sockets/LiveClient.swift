/// A message with the text that all clients of our own protocol get, made once.
struct WireMessage: Sendable {
  let message: LiveMessage
  let json: String

  init(_ message: LiveMessage) {
    self.message = message
    json = message.json
  }
}

/// Somebody who is told what happens. All functions are called from any thread, in order, and return at once.
protocol LiveClient: Sendable {
  func deliver(_ message: WireMessage)
  /// Called from time to time, for those who have no other way to find out that nobody is there any more.
  func keepAlive()
  /// The server ends: nothing follows, and the connection is to be closed.
  func end()
}
