import Synchronization

/// Tells open dashboards that there is something new. What it is they fetch themselves, so nothing is lost if they are
/// slow: only the newest word waits.
final class DashboardNews: Sendable {
  /// How many pages can listen at a time; others ask every few seconds.
  static let maximumListeners = 64

  /// What is said.
  enum Word: Sendable, Equatable {
    /// A transaction ended, or something else changed; the generation in force.
    case changed(generation: UInt64)
    /// Nothing happened. A connection that is gone is noticed by this.
    case stillHere
  }

  private struct State {
    var listeners: [UInt64: AsyncStream<Word>.Continuation] = [:]
    var last: UInt64 = 0
    var isFinished = false
  }

  private let state = Mutex(State())

  /// How many listen.
  var listenerCount: Int { state.withLock { $0.listeners.count } }

  /// What is said from now on; nil if too many listen. Ends when ``finish()`` was called.
  func listen() -> AsyncStream<Word>? {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Word.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state -> UInt64? in
      guard !state.isFinished, state.listeners.count < Self.maximumListeners else { return nil }
      state.last += 1
      state.listeners[state.last] = continuation
      return state.last
    }
    guard let number else { return nil }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.listeners[number] = nil }
    }
    return stream
  }

  /// Says something to all. A `stillHere` never takes the place of news that waits.
  func tell(_ word: Word) {
    let listeners = state.withLock { Array($0.listeners.values) }
    for listener in listeners {
      guard case .dropped(let lost) = listener.yield(word) else { continue }
      if word == .stillHere, lost != .stillHere { listener.yield(lost) }
    }
  }

  /// Ends all streams; nobody can listen any more.
  func finish() {
    let listeners = state.withLock { state in
      state.isFinished = true
      defer { state.listeners = [:] }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }
}
