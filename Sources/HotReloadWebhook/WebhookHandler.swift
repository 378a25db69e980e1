import AsyncHTTPClient
import Foundation
public import HotReload
import Synchronization

/// Tells another machine of events: each is the body of a POST request, as JSON; see
/// `PublishedEvent.jsonBytes(redacting:)` for what it says.
///
/// ```swift
/// let webhook = try WebhookHandler(url: "https://example.com/hooks/config")
/// try manager.register(webhook, matching: "config/**", kinds: [.configChanged, .validationFailed])
/// ```
/// A response with a status from 200 to 299 says that the event was taken. After 408, 425, 429, any from 500 on, a
/// connection that failed and a response that did not come in time it is tried again, with growing pauses, or those that
/// the server asks for by `Retry-After`; see ``WebhookOptions`` for the bounds. Every other status is an error at
/// once. A redirect (307, 308) is followed on the same server only.
///
/// Each request has the event's name as `Idempotency-Key` and `webhook-id`, the same in all attempts, so that a
/// receiver knows what it has already. With a ``WebhookOptions/secret`` it is signed as the Standard Webhooks
/// specification says: `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of
/// `webhook-id.webhook-timestamp.body`.
///
/// Events go out one after the other. The connections are the handler's own, and are closed when it is unregistered or the
/// manager shuts down, which also ends an attempt or a pause. An event that could not be told is an error of
/// the handler: logged, counted, and not tried again.
public final class WebhookHandler: ReloadHandler {
  /// How much of a response is read, so that its connection can be used again. With more, it is closed.
  public static let maximumResponseBytes = 64 * 1_024
  /// How long a response may take after its head. Then its connection is closed.
  public static let maximumResponseTime = Duration.seconds(1)
  /// How many redirects of one attempt are followed.
  public static let maximumRedirects = 3

  /// How long something may take and how long a pause is, by some clock.
  struct Timer: Sendable {
    /// Returns when that time, which an answer has, is over.
    var limit: @Sendable (Duration) async throws -> Void
    /// Returns when the next attempt is due.
    var pause: @Sendable (Duration) async throws -> Void
  }

  private let endpoint: WebhookEndpoint
  private let options: WebhookOptions
  private let plan: RetryPlan
  private let timer: Timer
  private let client = Mutex<HTTPClient?>(nil)

  /// Creates a handler. Nothing is connected before the first event.
  ///
  /// - Parameters:
  ///   - url: an `http` or `https` address without a user and a password, which belong into a header.
  ///   - clock: what timeouts and pauses are measured by.
  /// - Throws: ``WebhookError`` with the code `invalidURL` or `invalidOptions`.
  public convenience init(
    url: String, options: WebhookOptions = WebhookOptions(),
    clock: some Clock<Duration> = ContinuousClock()
  ) throws {
    let sleep: @Sendable (Duration) async throws -> Void = { try await clock.sleep(for: $0) }
    try self.init(url: url, options: options, timer: Timer(limit: sleep, pause: sleep))
  }

  init(
    url: String, options: WebhookOptions, timer: Timer, plan: RetryPlan? = nil
  ) throws(WebhookError) {
    try options.validate()
    endpoint = try WebhookEndpoint(url)
    self.options = options
    self.plan = plan ?? RetryPlan(options)
    self.timer = timer
  }

  deinit {
    // A client that is not shut down ends the process.
    client.withLock { $0.take() }?.shutdown(queue: .global()) { _ in }
  }

  /// As long as all attempts with the longest pauses can take.
  public var timeLimit: Duration {
    let attempt = options.attemptTimeout * (Self.maximumRedirects + 1) + Self.maximumResponseTime
    let all = attempt * options.maximumAttempts + plan.longestPause * (options.maximumAttempts - 1)
    return min(all, HandlerRegistration.timeLimits.upperBound)
  }

  /// Tells of an event, and returns when it was taken.
  /// - Throws: ``WebhookError`` with the code `refused` or `failed`; `CancellationError`.
  public func handle(_ event: ChangeEvent) async throws {
    var published = PublishedEvent.current ?? PublishedEvent(event)
    published.event = event
    let message = WebhookMessage(published, options)
    for attempt in 1... {
      switch try await send(message) {
      case .taken: return
      case .refused(let error): throw error
      case .failed(var error, let retryAfter):
        guard attempt < options.maximumAttempts else {
          error.message += "; that was attempt \(attempt), the last"
          throw error
        }
        try await timer.pause(plan.pause(after: attempt, retryAfter: retryAfter))
      }
    }
  }

  /// Closes the connections. An event after it opens new ones.
  public func end() async {
    try? await client.withLock { $0.take() }?.shutdown()
  }
}

// MARK: One attempt

extension WebhookHandler {
  private enum Outcome {
    case taken
    case refused(WebhookError)
    case failed(WebhookError, retryAfter: Duration?)
  }

  private func send(_ message: WebhookMessage) async throws -> Outcome {
    var target = endpoint
    for _ in 0...Self.maximumRedirects {
      let response: HTTPClientResponse?
      do {
        let request = message.request(to: target)
        let client = openClient()
        response = try await within(options.attemptTimeout) {
          try await client.execute(request, deadline: .distantFuture)
        }
      } catch {
        try Task.checkCancellation()
        return failed("\(target.server) could not be reached: \(error)")
      }
      guard let response else {
        return failed("\(target.server) did not answer within \(options.attemptTimeout)")
      }
      await drain(response)
      let status = Int(response.status.code)
      switch status {
      case 200..<300: return .taken
      case 307, 308:
        guard let location = response.headers.first(name: "Location"),
          let next = target.redirected(to: location)
        else {
          return refused(
            status,
            "\(target.server) redirects to another server or to nowhere; use the address "
              + "that it means")
        }
        target = next
      case 408, 425, 429, 500...:
        let asked = response.headers.first(name: "Retry-After")
        let now = nanosecondsSince1970() / 1_000_000_000
        return failed(
          "\(target.server) answered with status \(status)", status: status,
          retryAfter: asked.flatMap { RetryPlan.duration(of: $0, now: now) })
      default:
        return refused(status, "\(target.server) refused the event with status \(status)")
      }
    }
    return refused(nil, "\(target.server) redirects more than \(Self.maximumRedirects) times")
  }

  private func refused(_ status: Int?, _ message: String) -> Outcome {
    .refused(WebhookError(code: .refused, message: message, status: status))
  }

  private func failed(
    _ message: String, status: Int? = nil, retryAfter: Duration? = nil
  ) -> Outcome {
    .failed(WebhookError(code: .failed, message: message, status: status), retryAfter: retryAfter)
  }

  /// Reads the rest of a response, which says nothing more. What is too long or too slow is closed, as its end is not read.
  private func drain(_ response: HTTPClientResponse) async {
    _ = try? await within(Self.maximumResponseTime) {
      var count = 0
      for try await part in response.body {
        count += part.readableBytes
        if count > Self.maximumResponseBytes { break }
      }
    }
  }

  /// What `body` gives, or nil if it takes longer; then it is cancelled.
  private func within<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { [timer] group in
      group.addTask { try await body() }
      group.addTask {
        try await timer.limit(limit)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }

  private func openClient() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      // Attempts are ours to count and to space.
      configuration.connectionPool.retryConnectionEstablishment = false
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
      let new = HTTPClient(configuration: configuration)
      client = new
      return new
    }
  }
}
