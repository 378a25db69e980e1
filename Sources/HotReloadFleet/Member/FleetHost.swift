/// What a fleet does to the process that takes part in it. Each function may be called from any task, one at a time for
/// each kind of work but for health checks.
protocol FleetHost: Sendable {
  /// Takes content, encoded, that may come to be rolled out. Returns at once.
  func offer(_ encoded: [UInt8])
  /// Makes ready what is offered, until the task is cancelled.
  func prepareOffers() async
  /// Gets the content of a release and checks it, and puts nothing in force.
  /// - Returns: what is wrong with it; nil if nothing is.
  func validate(_ release: Release) async -> String?
  /// Puts a release in force.
  /// - Returns: why it is not; nil if it is.
  func apply(_ release: Release) async -> String?
  /// Puts in force again what was good before, nil for what the instance has of its own. It does not return before that is so,
  /// unless the task is cancelled.
  func revert(to release: Release?) async
  /// - Returns: what is wrong with what runs; nil if nothing is.
  func checkHealth() async -> String?
  /// Makes the memory durable.
  func remember(_ memory: InstanceMemory) async throws
  /// What runs is the last good one, and what is older is not needed any more.
  func settle(on memory: InstanceMemory) async
  /// Has this content of its own files, if they still have it, proposed to the fleet. Returns when it begins to be rolled out or is
  /// refused, when the files have something else, and when the task is cancelled.
  /// - Returns: why the fleet refuses it; nil if it does not.
  func propose(_ content: BundleDigest) async -> String?
}
