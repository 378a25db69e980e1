/// How a handler is doing.
public struct HandlerStatus: Sendable, Hashable {
  /// The pattern it was registered with.
  public var pattern: String
  /// Events that wait for it.
  public var waiting: Int
  /// Events for which it was called and returned or threw.
  public var handled: Int
  /// Events for which it threw or that took longer than its time limit.
  public var failed: Int
  /// Events that took longer than its time limit.
  public var timedOut: Int
  /// Calls that went on after they had been cancelled, so that they were abandoned.
  public var abandoned: Int
  /// Events that were dropped because it was too slow.
  public var dropped: Int
  /// Whether it gets no more events because too many of its calls do not come back.
  public var isGivenUp: Bool

  /// What is not as it should be; a sentence for each thing.
  var problems: [String] {
    if isGivenUp {
      return [
        "the handler for \(pattern) was given up: \(abandoned) of its calls did not end when they "
          + "were cancelled"
      ]
    }
    var problems: [String] = []
    if dropped > 0 {
      problems.append("the handler for \(pattern) is too slow: \(dropped) events were dropped")
    }
    if abandoned > 0 {
      problems.append(
        "the handler for \(pattern) does not end when it is cancelled: \(abandoned) of its calls "
          + "were abandoned")
    }
    return problems
  }
}
