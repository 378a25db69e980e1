import Synchronization

@testable import HotReloadFleet

/// A process of a fleet, without content: it does what it is told, and remembers it.
final class FakeHost: FleetHost {
  struct State {
    var running: Release?
    var memories: [InstanceMemory] = []
    var applied: [Release] = []
    var proposed: [BundleDigest] = []
    var settled: [Release?] = []
    var offered: [[UInt8]] = []
  }

  /// What is wrong with a content, and when it shows.
  enum Fault: Sendable, Hashable { case validate, apply, health, memory }

  let faults: [BundleDigest: Fault]
  private let state = Mutex(State())

  init(faults: [BundleDigest: Fault] = [:]) {
    self.faults = faults
  }

  var running: Release? { state.withLock { $0.running } }
  var applied: [Release] { state.withLock { $0.applied } }
  var proposed: [BundleDigest] { state.withLock { $0.proposed } }
  var offered: [[UInt8]] { state.withLock { $0.offered } }
  var memories: [InstanceMemory] { state.withLock { $0.memories } }

  private func fault(_ release: Release) -> Fault? { faults[release.content] }

  func offer(_ encoded: [UInt8]) { state.withLock { $0.offered.append(encoded) } }

  func prepareOffers() async {}

  func validate(_ release: Release) async -> String? {
    fault(release) == .validate ? "app.toml:1:1: it is invalid" : nil
  }

  func apply(_ release: Release) async -> String? {
    if fault(release) == .apply { return "the pool refuses it" }
    state.withLock { state in
      state.running = release
      state.applied.append(release)
    }
    return nil
  }

  func revert(to release: Release?) async {
    state.withLock { $0.running = release }
  }

  func checkHealth() async -> String? {
    guard let running, fault(running) == .health else { return nil }
    return "5 of 10 requests failed"
  }

  func remember(_ memory: InstanceMemory) async throws {
    if let attempt = memory.attempt, fault(attempt) == .memory {
      throw StoreError(.full, "no space left on device")
    }
    state.withLock { $0.memories.append(memory) }
  }

  func settle(on memory: InstanceMemory) async {
    state.withLock { $0.settled.append(memory.good) }
  }

  func propose(_ content: BundleDigest) async -> String? {
    state.withLock { $0.proposed.append(content) }
    return nil
  }
}
