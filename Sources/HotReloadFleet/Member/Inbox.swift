import Synchronization

/// Hands what many tasks have to say to one that listens.
///
/// Each sender waits until what it sent was taken, so no more of it waits than there are senders.
final class Inbox<Input: Sendable>: Sendable {
  private struct Waiting: Sendable {
    var number: UInt64
    var input: Input
    var sender: CheckedContinuation<Void, Never>
  }

  private struct State {
    var queue: [Waiting] = []
    var last: UInt64 = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let arrived = ChangeSignal()

  /// Returns when the input was taken, when the task is cancelled, which takes it back, and when nobody listens any more.
  func send(_ input: Input) async {
    let number = state.withLock { state in
      state.last += 1
      return state.last
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { sender in
        let isOver = state.withLock { state in
          if state.isClosed || Task.isCancelled { return true }
          state.queue.append(Waiting(number: number, input: input, sender: sender))
          return false
        }
        if isOver { sender.resume() } else { arrived.ring() }
      }
    } onCancel: {
      let waiting = state.withLock { state -> Waiting? in
        guard let place = state.queue.firstIndex(where: { $0.number == number }) else { return nil }
        return state.queue.remove(at: place)
      }
      waiting?.sender.resume()
    }
  }

  /// The next input; nil at the deadline and when the task is cancelled.
  func next(until deadline: Duration?, _ clock: StoreClock) async -> Input? {
    while !Task.isCancelled {
      let count = arrived.count
      let waiting = state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
      if let waiting {
        waiting.sender.resume()
        return waiting.input
      }
      if let deadline, clock.now() >= deadline { return nil }
      await arrived.wait(after: count, until: deadline, clock)
    }
    return nil
  }

  /// Nobody listens any more.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.queue = [] }
      return state.queue
    }
    for waiting in waiting { waiting.sender.resume() }
  }
}
