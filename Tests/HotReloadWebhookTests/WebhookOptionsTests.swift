import HotReload
import Testing

@testable import HotReloadWebhook

@Suite("The options of a webhook")
struct WebhookOptionsTests {
  @Test("refuse an address that is none", arguments: ["", "x", "ftp://a/", "http://", "file:///a"])
  func addresses(_ url: String) {
    #expect {
      _ = try WebhookHandler(url: url)
    } throws: { error in
      (error as? WebhookError)?.code == .invalidURL
    }
  }

  @Test("refuse a password in the address without showing it")
  func password() {
    #expect {
      _ = try WebhookHandler(url: "https://me:hunter2@example.com/x")
    } throws: { error in
      (error as? WebhookError)?.code == .invalidURL && !"\(error)".contains("hunter2")
        && "\(error)".contains("Authorization")
    }
  }

  @Test("refuse what is out of range, all at once")
  func ranges() {
    let options = WebhookOptions(
      headers: ["a b": "x", "c": "x\r\ny"], secret: WebhookSecret(bytes: []), maximumAttempts: 0,
      attemptTimeout: .zero, firstDelay: .seconds(60), maximumDelay: .seconds(1),
      maximumRetryAfter: .seconds(-1))
    #expect {
      _ = try WebhookHandler(url: "https://example.com", options: options)
    } throws: { error in
      let text = "\(error)"
      return [
        "maximumAttempts", "attemptTimeout", "maximumDelay", "maximumRetryAfter", "a b",
        "the value of c", "secret is empty",
      ].allSatisfy(text.contains)
    }
  }

  @Test("give a handler the time that all its attempts need")
  func timeLimit() throws {
    let handler = try WebhookHandler(
      url: "https://example.com",
      options: WebhookOptions(
        maximumAttempts: 2, attemptTimeout: .seconds(3), maximumRetryAfter: .seconds(20)))
    #expect(handler.timeLimit == .seconds(2 * (4 * 3 + 1) + 30))
    let long = try WebhookHandler(
      url: "https://example.com",
      options: WebhookOptions(maximumAttempts: 10, attemptTimeout: .seconds(300)))
    #expect(long.timeLimit == HandlerRegistration.timeLimits.upperBound)
  }

  @Test("let pauses double up to a bound, half of each by chance")
  func pauses() {
    var plan = RetryPlan(WebhookOptions(firstDelay: .seconds(1), maximumDelay: .seconds(5)))
    plan.chance = { 1 }
    #expect(
      (1...5).map { plan.pause(after: $0, retryAfter: nil) }
        == [1, 2, 4, 5, 5].map { .seconds($0) })
    plan.chance = { 0 }
    #expect(plan.pause(after: 2, retryAfter: nil) == .seconds(1))
    #expect(plan.pause(after: 2, retryAfter: .seconds(3)) == .seconds(3))
    #expect(plan.pause(after: 2, retryAfter: .seconds(3_000)) == .seconds(60))
  }

  @Test("read Retry-After as seconds and as a date")
  func retryAfter() {
    let now: Int64 = 784_111_700
    #expect(RetryPlan.duration(of: " 120 ", now: now) == .seconds(120))
    #expect(RetryPlan.duration(of: "99999999999999999999", now: now) == .seconds(Int(Int32.max)))
    #expect(RetryPlan.duration(of: "Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(77))
    #expect(
      RetryPlan.duration(of: "Thu, 29 Feb 2024 00:00:00 GMT", now: 1_709_164_799) == .seconds(1))
    #expect(RetryPlan.duration(of: "Sun, 06 Nov 1994 08:49:37 GMT", now: now + 100) == .zero)
    for bad in [
      "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
    ] {
      #expect(RetryPlan.duration(of: bad, now: now) == nil)
    }
  }
}
