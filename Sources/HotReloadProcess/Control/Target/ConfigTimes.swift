import HotReload
import Synchronization

/// Since when each config has been in its state.
final class ConfigTimes: Sendable {
  /// How many configs are remembered; others have the time at which they are asked about.
  static let maximumConfigs = 10_000

  private struct Entry {
    var isGood: Bool
    var since: Int64
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// What an event says about it.
  func note(_ event: ChangeEvent, at time: Int64) {
    switch event {
    case .configChanged(let name, _, _), .recovered(let name):
      set(name, Entry(isGood: true, since: time))
    case .validationFailed(let name, _): _ = since(name, isGood: false, now: time)
    default: break
    }
  }

  /// Since when a config has been in this state; from now on, if it was not known to be.
  func since(_ name: String, isGood: Bool, now: Int64) -> Int64 {
    if let entry = entries.withLock({ $0[name] }), entry.isGood == isGood { return entry.since }
    set(name, Entry(isGood: isGood, since: now))
    return now
  }

  private func set(_ name: String, _ entry: Entry) {
    entries.withLock { entries in
      guard entries.count < Self.maximumConfigs || entries[name] != nil else { return }
      entries[name] = entry
    }
  }
}
