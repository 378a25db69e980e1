import HotReloadBrowser
import Testing

@Suite struct ContentSecurityPolicyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var policies: [String]
    var expected: [String]
    var nonce: String?

    init(_ policies: String..., become expected: [String]? = nil, nonce: String? = nil) {
      self.policies = policies
      self.expected = expected ?? policies
      self.nonce = nonce
    }

    var testDescription: String { policies.joined(separator: " , ") }
  }

  @Test(
    "A policy gets the least that live reload needs",
    arguments: [
      // Nothing to do.
      Case("img-src 'none'"),
      Case("default-src 'self'"),
      Case("DEFAULT-SRC  'SELF';"),
      Case("default-src *"),
      Case("script-src 'self'; connect-src 'self'"),
      Case("script-src 'self' 'unsafe-inline'"),
      Case("script-src-elem 'self'; script-src 'none'; connect-src *"),
      // Places.
      Case("script-src 'none'", become: ["script-src 'self'"]),
      Case("script-src", become: ["script-src 'self'"]),
      Case("script-src https://cdn.example", become: ["script-src https://cdn.example 'self'"]),
      Case(
        "script-src-elem https:; script-src 'self'",
        become: ["script-src-elem https: 'self'; script-src 'self'"]),
      Case("connect-src https://api.example", become: ["connect-src https://api.example 'self'"]),
      Case("connect-src 'none'; img-src *", become: ["connect-src 'self'; img-src *"]),
      Case(
        "default-src 'none'", become: ["default-src 'none'; script-src 'self'; connect-src 'self'"]),
      Case(
        "default-src https: 'unsafe-inline' 'unsafe-eval'",
        become: [
          "default-src https: 'unsafe-inline' 'unsafe-eval'; script-src https: 'unsafe-inline' 'unsafe-eval' 'self'; connect-src https: 'self'"
        ]),
      Case("script-src 'unsafe-inline'", become: ["script-src 'unsafe-inline' 'self'"]),
      // Only the first of two counts.
      Case(
        "script-src 'none'; script-src 'self'", become: ["script-src 'self'; script-src 'self'"]),
      // Nonces.
      Case("script-src 'nonce-abc123=='", nonce: "abc123=="),
      Case("script-src 'self' 'nonce-abc'", nonce: "abc"),
      Case(
        "default-src 'nonce-abc' 'strict-dynamic'",
        become: ["default-src 'nonce-abc' 'strict-dynamic'; connect-src 'self'"], nonce: "abc"),
      Case("script-src 'strict-dynamic' 'nonce-a_-' https:", nonce: "a_-"),
      Case(
        "script-src 'strict-dynamic'", become: ["script-src 'strict-dynamic' 'nonce-FRESH'"],
        nonce: "FRESH"),
      Case(
        "script-src 'sha256-abc='", become: ["script-src 'sha256-abc=' 'nonce-FRESH'"],
        nonce: "FRESH"),
      Case("script-src 'self' 'sha256-abc='"),
      Case(
        "script-src 'unsafe-inline' 'sha256-x'",
        become: ["script-src 'unsafe-inline' 'sha256-x' 'self'"]),
      Case("script-src 'nonce-'", become: ["script-src 'nonce-' 'self'"]),
      Case("script-src 'nonce-\"><p>'", become: ["script-src 'nonce-\"><p>' 'self'"]),
      Case(
        "default-src 'strict-dynamic' 'sha512-x'",
        become: [
          "default-src 'strict-dynamic' 'sha512-x'; script-src 'strict-dynamic' 'sha512-x' 'nonce-FRESH'; connect-src 'self'"
        ], nonce: "FRESH"),
      // Several policies.
      Case(
        "script-src 'self'", "connect-src 'none'",
        become: ["script-src 'self'", "connect-src 'self'"]),
      Case(
        "script-src 'self', connect-src 'none'",
        become: ["script-src 'self'", "connect-src 'self'"]),
      Case("script-src 'self'", "script-src 'nonce-a'", nonce: "a"),
      Case(
        "script-src 'nonce-a'", "script-src 'nonce-b'",
        become: ["script-src 'nonce-a'", "script-src 'nonce-b' 'nonce-a'"], nonce: "a"),
      Case(
        "script-src 'strict-dynamic'", "script-src 'sha256-x'",
        become: [
          "script-src 'strict-dynamic' 'nonce-FRESH'", "script-src 'sha256-x' 'nonce-FRESH'",
        ], nonce: "FRESH"),
      // Nonsense.
      Case("", become: []), Case(" ; ;, ,", become: []),
      Case(";;script-src 'none';;", become: ["script-src 'self'"]),
    ])
  func amended(_ item: Case) {
    var policy = ContentSecurityPolicy(headers: item.policies)
    let nonce = policy.admitLiveReload { "FRESH" }
    #expect(nonce == item.nonce)
    #expect(policy.headerValues == item.expected)
    // What was amended needs nothing more.
    var again = ContentSecurityPolicy(headers: policy.headerValues)
    #expect(again.admitLiveReload { "OTHER" } == item.nonce)
    #expect(again.headerValues == policy.headerValues)
  }
}
