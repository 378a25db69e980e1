import Synchronization

/// Knows whether the current task runs inside a handler or validator of a manager.
///
/// Whatever waits for a transaction must not be called from there: it could wait for itself.
enum Reentrancy {
  /// One call of a handler or validator.
  final class Call: Sendable {
    private let isOver = Atomic(false)

    var isActive: Bool { !isOver.load(ordering: .acquiring) }

    func end() {
      isOver.store(true, ordering: .releasing)
    }
  }

  @TaskLocal private static var call: Call?

  /// Whether a call surrounds this. A task that a handler started is inside for as long as the handler is.
  static var isInside: Bool { call?.isActive ?? false }

  static func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    let call = Call()
    defer { call.end() }
    return try $call.withValue(call, operation: body)
  }

  static func run<Result: Sendable>(
    _ body: @Sendable () async throws -> Result
  ) async rethrows -> Result {
    let call = Call()
    defer { call.end() }
    return try await $call.withValue(call, operation: body)
  }

  static func check(_ function: String) throws(HotReloadError) {
    guard isInside else { return }
    throw HotReloadError(
      code: .reentrant,
      message: "\(function) was called from within a handler or validator, where it could wait for "
        + "itself; call it from a task of its own, after the handler has returned")
  }
}
