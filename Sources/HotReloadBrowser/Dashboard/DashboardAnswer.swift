/// What the dashboard answers to a request, apart from how it is sent. Its fields come beside those of ``LiveAnswer``.
struct DashboardAnswer: Sendable {
  /// What comes after the head.
  enum Body: Sendable {
    /// These bytes.
    case bytes([UInt8])
    /// Server-sent events, for as long as the stream lasts.
    case events(AsyncStream<DashboardNews.Word>)
  }

  /// A content security policy under which nothing runs or loads that is not ours, and nobody frames us.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// The status code.
  var status: Int
  /// Name and value of each header field.
  var fields: [(name: String, value: String)]
  /// What comes after the head.
  var body: Body

  /// An answer that tells nobody where its reader comes from.
  init(_ status: Int, type: String?, body: Body = .bytes([])) {
    self.status = status
    fields = [("Referrer-Policy", "no-referrer")]
    if let type { fields.append(("Content-Type", type)) }
    self.body = body
  }

  /// A sentence for the person who reads it.
  static func text(_ status: Int, _ sentence: String) -> DashboardAnswer {
    DashboardAnswer(
      status, type: "text/plain; charset=utf-8", body: .bytes(Array((sentence + "\n").utf8)))
  }

  /// The value of the first field of that name.
  func field(_ name: String) -> String? {
    fields.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
