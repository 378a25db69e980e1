import Synchronization

@testable import HotReloadFleet

/// A process of a fleet that gets its content from the store and does nothing with it but look at it: a config that says
/// `state = "invalid"` is refused, one that says `state = "sick"` is applied and not healthy.
final class ContentHost: FleetHost {
  private let store: any FleetStore
  private let keys: FleetKeys
  private let state = Mutex<(running: Release?, isSick: Bool)>((nil, false))

  init(_ store: any FleetStore, _ keys: FleetKeys) {
    self.store = store
    self.keys = keys
  }

  var running: Release? { state.withLock { $0.running } }

  private func config(of release: Release) async -> String? {
    let bundle = try? await store.bundle(release.content, under: keys)
    return bundle?["config/app.toml"].map { String(decoding: $0, as: UTF8.self) }
  }

  func offer(_ encoded: [UInt8]) {}
  func prepareOffers() async {}

  func validate(_ release: Release) async -> String? {
    guard let config = await config(of: release) else { return "there is no config/app.toml" }
    return config.contains("invalid") ? "config/app.toml:1:9 state: it is invalid" : nil
  }

  func apply(_ release: Release) async -> String? {
    let isSick = await config(of: release)?.contains("sick") == true
    state.withLock { $0 = (release, isSick) }
    return nil
  }

  func revert(to release: Release?) async { state.withLock { $0 = (release, false) } }

  func checkHealth() async -> String? {
    state.withLock { $0.isSick } ? "5 of 10 requests failed" : nil
  }

  func remember(_ memory: InstanceMemory) async throws {}
  func settle(on memory: InstanceMemory) async {}
  func propose(_ content: BundleDigest) async -> String? { nil }
}
