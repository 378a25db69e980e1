/// What a control server allows its clients.
public struct ControlLimits: Sendable, Hashable {
  /// How many clients may be connected at once. Further ones are told so, and let go.
  public var connections: Int
  /// The longest request, in bytes, its newline included.
  public var requestBytes: Int
  /// The longest answer, in bytes. A longer one is replaced by an error.
  public var answerBytes: Int
  /// How long a client may take for a whole request, from when it connected or had its last answer.
  public var idleTime: Duration
  /// How long the instance may take for an answer; after that the client gets an error, and the work goes on without it.
  public var workTime: Duration
  /// How long a client may take to read an answer.
  public var readingTime: Duration
  /// How long a stop waits for requests that are under way.
  public var stopTime: Duration

  /// 16 clients, requests of 64 KiB, answers of 16 MiB, 30 s of idleness, 2 minutes of work, 10 s to read an answer, 5 s to
  /// stop.
  public init() {
    connections = 16
    requestBytes = 64 << 10
    answerBytes = 16 << 20
    idleTime = .seconds(30)
    workTime = .seconds(120)
    readingTime = .seconds(10)
    stopTime = .seconds(5)
  }
}
