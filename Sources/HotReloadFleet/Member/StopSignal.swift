/// Ends one task of a group before the others.
final class StopSignal: Sendable {
  private let signal = ChangeSignal()

  func stop() { signal.ring() }

  /// Returns once the signal has come, or when the task is cancelled.
  func wait() async { await signal.wait(after: 0) }

  /// Runs a body, which is cancelled when the signal comes. Returns when the body has ended.
  func run(_ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask(operation: body)
      group.addTask { await self.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
