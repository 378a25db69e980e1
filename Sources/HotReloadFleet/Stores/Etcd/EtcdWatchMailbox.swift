import Synchronization

/// Hands the events of a watch from the task that reads them to its consumer: a bounded queue, in which who is ahead waits.
final class EtcdWatchMailbox: Sendable {
  /// How many events wait.
  static let limit = 64

  private struct State {
    var events: [StoreWatchEvent] = []
    var end: Result<Void, StoreError>?
    var consumer: CheckedContinuation<Void, Never>?
    var producer: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Puts an event behind the others; waits for a place. False if nobody wants it any more, or the task was cancelled.
  func send(_ event: StoreWatchEvent) async -> Bool {
    while !Task.isCancelled {
      let (isDone, isSent, woken) = state.withLock {
        state -> (Bool, Bool, CheckedContinuation<Void, Never>?) in
        if state.end != nil { return (true, false, nil) }
        guard state.events.count < Self.limit else { return (false, false, nil) }
        state.events.append(event)
        return (true, true, state.consumer.take())
      }
      woken?.resume()
      if isDone { return isSent }
      await wait(\.producer) { $0.events.count < Self.limit || $0.end != nil }
    }
    return false
  }

  /// Nothing more comes after what waits.
  func finish(_ end: Result<Void, StoreError> = .success(())) {
    let woken = state.withLock { state in
      if state.end == nil { state.end = end }
      return [state.consumer.take(), state.producer.take()]
    }
    for continuation in woken { continuation?.resume() }
  }

  /// The next event; nil at the end, and if the task is cancelled.
  func next() async throws(StoreError) -> StoreWatchEvent? {
    while !Task.isCancelled {
      let (event, end, woken) = state.withLock {
        state -> (StoreWatchEvent?, Result<Void, StoreError>?, CheckedContinuation<Void, Never>?) in
        guard !state.events.isEmpty else { return (nil, state.end, nil) }
        return (state.events.removeFirst(), nil, state.producer.take())
      }
      woken?.resume()
      if let event { return event }
      if let end {
        try end.get()
        return nil
      }
      await wait(\.consumer) { !$0.events.isEmpty || $0.end != nil }
    }
    return nil
  }

  private func wait(
    _ place: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
    until isReady: @Sendable (State) -> Bool
  ) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let replaced = state.withLock { state -> CheckedContinuation<Void, Never>? in
          if isReady(state) || Task.isCancelled { return continuation }
          defer { state[keyPath: place] = continuation }
          return state[keyPath: place]
        }
        replaced?.resume()
      }
    } onCancel: {
      state.withLock { $0[keyPath: place].take() }?.resume()
    }
  }
}
