/// Counts what waits to be sent to one client, and keeps it bounded: who does not keep up misses messages, and
/// learns later that anything may have changed.
struct LiveOutbox {
  private let countLimit: Int
  private let byteLimit: Int
  private var count = 0
  private var bytes = 0
  /// Whether a message was left out since the client had everything.
  private(set) var isBehind = false

  init(_ limits: LiveLimits) {
    countLimit = limits.queuedMessages
    byteLimit = limits.queuedBytes
  }

  /// Whether nothing waits.
  var isEmpty: Bool { count == 0 }

  /// Whether a message of that size is to be sent; if not it is left out.
  /// - Parameter always: whether it is one of the few that make up for those that were left out, or it would never end.
  mutating func admits(_ size: Int, always: Bool = false) -> Bool {
    let fits = count == 0 || (count < countLimit && bytes + size <= byteLimit)
    guard always || (!isBehind && fits) else {
      isBehind = true
      return false
    }
    count += 1
    bytes += size
    return true
  }

  /// A message is on its way.
  /// - Returns: whether the client has taken everything and is to be told that it missed something.
  mutating func sent(_ size: Int) -> Bool {
    count -= 1
    bytes -= size
    guard isBehind, count == 0 else { return false }
    isBehind = false
    return true
  }
}
