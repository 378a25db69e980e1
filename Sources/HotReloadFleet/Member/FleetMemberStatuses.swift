/// How an instance is doing, anew each time that it changes: an `AsyncSequence` that ends when the task is cancelled.
public struct FleetMemberStatuses: AsyncSequence, Sendable {
  /// Nothing can go wrong.
  public typealias Failure = Never

  let agent: FleetAgent

  /// Starts to follow.
  public func makeAsyncIterator() -> Iterator { Iterator(agent: agent) }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    let agent: FleetAgent
    private var last: FleetMemberStatus?

    init(agent: FleetAgent) {
      self.agent = agent
    }

    /// The next one; nil at the end.
    public mutating func next() async -> FleetMemberStatus? {
      while !Task.isCancelled {
        let count = agent.changed.count
        let status = agent.status
        if status != last {
          last = status
          return status
        }
        await agent.changed.wait(after: count)
      }
      return nil
    }
  }
}
