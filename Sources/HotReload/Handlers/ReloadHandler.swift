/// An observer of what happens to the workspace.
///
/// Each registered handler receives its events one after the other, in the order of the generations, on a task of
/// its own. It delays nobody but itself: of the events that come faster than it handles them the oldest
/// are dropped and counted. What it throws is logged and counted, and vetoes nothing.
public protocol ReloadHandler: Sendable {
  /// Whether ``handle(_:)`` wants this event.
  func canHandle(_ event: ChangeEvent) -> Bool
  /// Does something about an event.
  func handle(_ event: ChangeEvent) async throws
}

extension ReloadHandler {
  /// Every event.
  public func canHandle(_ event: ChangeEvent) -> Bool { true }
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

/// How a handler is doing.
public struct HandlerStatus: Sendable, Hashable {
  /// The pattern it was registered with.
  public var pattern: String
  /// Events that wait for it.
  public var waiting: Int
  /// Events that it has handled, failed ones included.
  public var handled: Int
  /// Events for which it threw.
  public var failed: Int
  /// Events that were dropped because it was too slow.
  public var dropped: Int
}
