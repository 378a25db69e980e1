import HotReload

/// The version in force and then each newer one, the newest only; never the same twice, nor an older one after a
/// newer.
struct ConfigVersions: AsyncSequence, Sendable {
  typealias Failure = Never

  let stream: ConfigStream<IndexedConfig>

  struct AsyncIterator: AsyncIteratorProtocol {
    /// Subscribed before the first version is read, so that nothing comes in between unseen.
    private var newer: ConfigStream<IndexedConfig>.AsyncIterator
    private let stream: ConfigStream<IndexedConfig>
    private var last: IndexedConfig?

    fileprivate init(_ stream: ConfigStream<IndexedConfig>) {
      self.stream = stream
      newer = stream.subscribe().makeAsyncIterator()
    }

    mutating func next() async -> IndexedConfig? {
      await next(isolation: #isolation)
    }

    /// Nil when the manager has shut down, or the task is cancelled.
    mutating func next(isolation actor: isolated (any Actor)?) async -> IndexedConfig? {
      if Task.isCancelled { return nil }
      guard let last else {
        let first = stream.current
        self.last = first
        return first
      }
      while let next = await newer.next(isolation: actor) {
        // A swap between subscribing and reading the first version brings it once more.
        guard next !== last else { continue }
        self.last = next
        return next
      }
      return nil
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(stream)
  }
}
