/// The events that wait for their receivers, and those that were dropped because a receiver was too slow.
struct EventCounts: Sendable, Hashable {
  /// Events in the mailboxes of handlers.
  var waitingForHandlers = 0
  /// Events in the buffers of event sequences.
  var waitingForSequences = 0
  /// Since the workspace was opened, also of handlers that are gone.
  var droppedByHandlers = 0
  /// Since the workspace was opened, also of sequences that are gone.
  var droppedBySequences = 0

  /// Adds what a receiver has.
  mutating func add(_ receiver: any EventReceiver) {
    switch receiver {
    case let mailbox as HandlerMailbox:
      let status = mailbox.status
      waitingForHandlers += status.waiting
      droppedByHandlers += status.dropped
    case let buffer as EventBuffer:
      waitingForSequences += buffer.waiting
      droppedBySequences += buffer.dropped
    default: break
    }
  }

  /// Adds what a receiver leaves behind that is gone.
  mutating func addDropped(by receiver: any EventReceiver) {
    var left = EventCounts()
    left.add(receiver)
    droppedByHandlers += left.droppedByHandlers
    droppedBySequences += left.droppedBySequences
  }
}
