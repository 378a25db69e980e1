/// An observer of what happens to the workspace.
///
/// Each registered handler receives its events one after the other, in the order of the generations, on threads that
/// run nothing but handlers. It delays nobody but itself: of the events that come faster than it handles
/// them the oldest are dropped and counted. What it throws is logged and counted, and vetoes nothing.
///
/// A call that exceeds its ``timeLimit`` is cancelled. If it has not ended ``HandlerRegistration/gracePeriod`` later, it
/// is abandoned, and the next event is handed over while it still runs. With more than
/// ``HandlerRegistration/maximumAbandonedCalls`` calls that do not come back, the handler is given up: it
/// gets no more events, which its status and the log say.
///
/// While it is called, ``PublishedEvent/current`` has the event's generation, time and name.
public protocol ReloadHandler: Sendable {
  /// How long a call may take, from a millisecond to an hour, if the registration does not say. Default 30 s.
  var timeLimit: Duration { get }
  /// Whether ``handle(_:)`` wants this event. It belongs to the call and its time limit.
  func canHandle(_ event: ChangeEvent) -> Bool
  /// Does something about an event.
  func handle(_ event: ChangeEvent) async throws
  /// Lets go of what it holds, such as connections. It is called once for each registration, when that has ended and
  /// the last call has, or was abandoned. The time limit is the same.
  func end() async
}

extension ReloadHandler {
  /// Thirty seconds.
  public var timeLimit: Duration { HandlerRegistration.defaultTimeLimit }
  /// Every event.
  public func canHandle(_ event: ChangeEvent) -> Bool { true }
  /// Does nothing.
  public func end() async {}
}

/// A handler that is a function.
struct ClosureHandler: ReloadHandler {
  let body: @Sendable (ChangeEvent) async throws -> Void

  func handle(_ event: ChangeEvent) async throws {
    try await body(event)
  }
}

/// A registered handler. Letting go of it does not unregister.
public struct HandlerRegistration: Sendable {
  /// How long a call may take if neither the handler nor the registration says.
  public static let defaultTimeLimit = Duration.seconds(30)
  /// How long a call may take.
  public static let timeLimits = Duration.milliseconds(1) ... .seconds(3_600)
  /// How long a cancelled call is waited for before it is abandoned.
  public static let gracePeriod = Duration.seconds(3)
  /// How many abandoned calls of a handler may be under way. With one more it is given up.
  public static let maximumAbandonedCalls = 2
  /// How many events wait for a handler at most.
  public static let capacity = 1_024

  let mailbox: HandlerMailbox
  let id: UInt64
  let bus: EventBus

  /// How the handler is doing.
  public var status: HandlerStatus { mailbox.status }

  /// Hands the handler no further events, also none of those that wait for it. One that it is busy with goes on.
  public func unregister() {
    bus.remove(id)
    mailbox.close()
  }
}
