import HotReloadTesting

@testable import HotReloadProcess

/// Runs `body` so that no program it starts holds open what another test writes.
func withQuietStarts<Value>(_ body: () async throws -> Value) async rethrows -> Value {
  try await ProgramStarts.$around.withValue(
    { start in DescriptorInheritance.whileStarting(start) }, operation: body)
}
