import Tracing

/// What the program's own code in a phase runs in: its spans become children of the phase's span.
struct PhaseContext: Sendable {
  /// Nil if nobody traces.
  var context: ServiceContext?

  func run<Result: Sendable>(_ body: @Sendable () async -> Result) async -> Result {
    guard let context else { return await body() }
    return await ServiceContext.withValue(context) { await body() }
  }
}
