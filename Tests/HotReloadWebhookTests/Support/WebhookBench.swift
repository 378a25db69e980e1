import HotReload
import HotReloadTesting
import Synchronization

@testable import HotReloadWebhook

/// A handler whose timeouts come when a test says so, and whose pauses are noted.
struct WebhookBench {
  let clock = ManualClock()
  let notes = Notes()
  let handler: WebhookHandler

  /// What the handler waited for.
  final class Notes: Sendable {
    private let state = Mutex<(pauses: [Duration], limits: [Duration])>(([], []))
    var pauses: [Duration] { state.withLock { $0.pauses } }
    var limits: [Duration] { state.withLock { $0.limits } }
    func pause(_ duration: Duration) { state.withLock { $0.pauses.append(duration) } }
    func limit(_ duration: Duration) { state.withLock { $0.limits.append(duration) } }
  }

  /// - Parameter holdsPauses: whether pauses last until the clock was advanced; else there are none.
  init(
    _ url: String, _ options: WebhookOptions = WebhookOptions(), holdsPauses: Bool = false,
    chance: Double = 1
  ) throws {
    var plan = RetryPlan(options)
    plan.chance = { chance }
    handler = try WebhookHandler(
      url: url, options: options,
      timer: .init(
        limit: { [clock, notes] limit in
          notes.limit(limit)
          try await clock.sleep(for: limit)
        },
        pause: { [clock, notes] pause in
          notes.pause(pause)
          if holdsPauses { try await clock.sleep(for: pause) }
        }), plan: plan)
  }

  /// An event that was published as generation 7.
  static let event = PublishedEvent(
    .fileChanged(path: "static/a.css", change: .created), generation: 7, unit: .assets,
    time: 5, id: "run-1")

  /// Tells of the event, as a manager would have it told.
  func send(_ event: PublishedEvent = event) async throws {
    try await PublishedEvent.$current.withValue(event) {
      try await handler.handle(event.event)
    }
  }

  /// What it fails with.
  func failure() async -> WebhookError? {
    do {
      try await send()
      return nil
    } catch {
      return error as? WebhookError
    }
  }
}

/// Returns when a condition that another task or thread brings about is true.
func eventually(_ condition: @Sendable () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}
