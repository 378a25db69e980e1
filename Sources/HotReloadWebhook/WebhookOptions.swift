public import WorkspaceTools

/// How a ``WebhookHandler`` tells of events.
public struct WebhookOptions: Sendable {
  /// Headers that each request carries, such as `Authorization`. Those that the handler sets itself win.
  public var headers: [String: String]
  /// What requests are signed with; nil: they are not.
  public var secret: WebhookSecret?
  /// Which keys of configs have values that are not told.
  public var redaction: RedactionRules
  /// How often an event is tried to be told, 1 to 10. Default 5.
  public var maximumAttempts: Int
  /// How long the server may take to answer an attempt, 1 ms to 5 min. Default 10 s.
  public var attemptTimeout: Duration
  /// The pause after the first attempt, which doubles with each further one; half of it is left to chance, so that
  /// many senders do not come back at once. 1 ms to 5 min. Default 500 ms.
  public var firstDelay: Duration
  /// The longest such pause, not below ``firstDelay``, up to 5 min. Default 30 s.
  public var maximumDelay: Duration
  /// The longest pause that a server may ask for with `Retry-After`; a longer one is cut to this. 0 to 15 min. Default 60 s.
  public var maximumRetryAfter: Duration

  /// Creates options; what is not given has its default.
  public init(
    headers: [String: String] = [:], secret: WebhookSecret? = nil,
    redaction: RedactionRules = .default, maximumAttempts: Int = 5,
    attemptTimeout: Duration = .seconds(10), firstDelay: Duration = .milliseconds(500),
    maximumDelay: Duration = .seconds(30), maximumRetryAfter: Duration = .seconds(60)
  ) {
    self.headers = headers
    self.secret = secret
    self.redaction = redaction
    self.maximumAttempts = maximumAttempts
    self.attemptTimeout = attemptTimeout
    self.firstDelay = firstDelay
    self.maximumDelay = maximumDelay
    self.maximumRetryAfter = maximumRetryAfter
  }

  /// Checks every option.
  func validate() throws(WebhookError) {
    var problems: [String] = []
    func check<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) {
      guard !range.contains(value) else { return }
      problems.append("\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    let pauses = Duration.milliseconds(1) ... .seconds(300)
    check("maximumAttempts", maximumAttempts, 1...10)
    check("attemptTimeout", attemptTimeout, pauses)
    check("firstDelay", firstDelay, pauses)
    check("maximumDelay", maximumDelay, pauses)
    check("maximumRetryAfter", maximumRetryAfter, .zero ... .seconds(900))
    if maximumDelay < firstDelay {
      problems.append(
        "maximumDelay is \(maximumDelay); it must not be below firstDelay (\(firstDelay))")
    }
    if secret?.bytes.isEmpty ?? false { problems.append("secret is empty") }
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      if name.isEmpty || !name.utf8.allSatisfy(Self.isTokenByte) {
        problems.append("headers: \"\(name)\" is not a header's name")
      } else if !value.utf8.allSatisfy({ $0 == 9 || ($0 >= 32 && $0 != 127) }) {
        problems.append("headers: the value of \(name) has a control character in it")
      }
    }
    guard problems.isEmpty else {
      throw WebhookError(
        code: .invalidOptions,
        message: "the webhook's options are not valid: " + problems.joined(separator: "; "))
    }
  }

  /// A byte that a header's name may have (RFC 9110, section 5.6.2).
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

extension WebhookOptions: CustomStringConvertible, CustomReflectable {
  /// The options without the headers' values, which may be secret.
  public var description: String {
    "maximumAttempts \(maximumAttempts), attemptTimeout \(attemptTimeout), firstDelay \(firstDelay), "
      + "maximumDelay \(maximumDelay), maximumRetryAfter \(maximumRetryAfter), "
      + "headers \(headers.keys.sorted()), \(secret == nil ? "not signed" : "signed")"
  }

  /// Nothing of what may be secret.
  public var customMirror: Mirror { Mirror(self, children: ["options": description]) }
}
