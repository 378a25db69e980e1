import Foundation

/// Values of a fleet as versioned JSON.
///
/// Members that are not known are left out when read, so a newer library may add some. One that changes what a member means counts
/// ``RolloutRecord/version`` and its like up; an older library then refuses the value, and says so, rather than guess.
extension FleetKeys {
  /// The JSON of a value, with its members in order, so that equal values have equal bytes.
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// What a change in the store means; nil for a key that the rollout knows nothing of.
  func change(_ change: StoreChange) -> FleetChange? {
    guard let kind = kind(of: change.key) else { return nil }
    switch change {
    case .deleted(let key): return .deleted(key)
    case .put(let entry):
      do {
        return .put(entry, try value(of: kind, entry.value))
      } catch {
        return .unreadable(
          entry.key,
          "\(entry.key) in the fleet's store cannot be read: \(error); "
            + "it may be of a newer version: update this instance")
      }
    }
  }

  private enum Kind {
    case rollout, committed, controller, instance, failure, quarantine, proposal, command, refusal
  }

  private func kind(of key: StoreKey) -> Kind? {
    switch key {
    case rollout: return .rollout
    case committed: return .committed
    case controller: return .controller
    case proposal: return .proposal
    case command: return .command
    case refusal: return .refusal
    default: break
    }
    if key.hasPrefix(StoreKey("\(prefix)/instances/")) { return .instance }
    if key.hasPrefix(StoreKey("\(prefix)/failures/")) { return .failure }
    if key.hasPrefix(StoreKey("\(prefix)/quarantine/")) { return .quarantine }
    return nil
  }

  private func value(of kind: Kind, _ bytes: [UInt8]) throws -> FleetValue {
    switch kind {
    case .rollout: .rollout(try decode(bytes))
    case .committed: .committed(try decode(bytes))
    case .controller: .controller(try decode(bytes))
    case .instance: .instance(try decode(bytes))
    case .failure: .failure(try JSONDecoder().decode(RolloutFailure.self, from: Data(bytes)))
    case .quarantine: .quarantine(try decode(bytes))
    case .proposal: .proposal(try decode(bytes))
    case .command: .command(try decode(bytes))
    case .refusal: .refusal(try decode(bytes))
    }
  }

  /// A rollout that has ended; nil if this version cannot read it.
  func pastRollout(_ bytes: [UInt8]) -> RolloutRecord? { try? decode(bytes) }

  /// Of another version nothing can be relied on, so what is told of a value that cannot be read is its version first.
  private func decode<Value: Decodable & VersionedValue>(_ bytes: [UInt8]) throws -> Value {
    let data = Data(bytes)
    let value = Result { try JSONDecoder().decode(Value.self, from: data) }
    if case .success(let value) = value, value.version == Value.currentVersion { return value }
    let found = try JSONDecoder().decode(VersionOnly.self, from: data).version
    guard found == Value.currentVersion else {
      throw UnknownVersion(found: found, known: Value.currentVersion)
    }
    return try value.get()
  }
}

private struct VersionOnly: Decodable { var version: Int }

private struct UnknownVersion: Error, CustomStringConvertible {
  var found: Int
  var known: Int
  var description: String { "it has version \(found), this library knows version \(known)" }
}

/// A value that says which version of its format it is.
protocol VersionedValue {
  static var currentVersion: Int { get }
  var version: Int { get }
}

extension RolloutRecord: VersionedValue {}
extension InstanceReport: VersionedValue {}
extension Proposal: VersionedValue {}

extension Refusal: VersionedValue { static var currentVersion: Int { Proposal.currentVersion } }
extension RolloutCommand: VersionedValue {
  static var currentVersion: Int { Proposal.currentVersion }
}
extension QuarantinedBundle: VersionedValue {
  static var currentVersion: Int { Proposal.currentVersion }
}
extension CommittedRelease: VersionedValue {
  static var currentVersion: Int { Proposal.currentVersion }
}
extension ControllerSeat: VersionedValue {
  static var currentVersion: Int { Proposal.currentVersion }
}
