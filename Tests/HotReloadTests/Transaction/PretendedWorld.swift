import FileWatching
import WorkspaceTools

@testable import HotReload

/// What a pretended config says. Two that say the same are equal, whenever they were written.
struct Number: TransactionContent, ExpressibleByIntegerLiteral {
  /// A negative one is not valid, and one below -100 cannot even be loaded.
  var value: Int
  /// Grows with each write to the disk.
  var version = 0

  init(_ value: Int, version: Int = 0) {
    self.value = value
    self.version = version
  }

  init(integerLiteral value: Int) {
    self.init(value)
  }

  var fingerprint: Int { value }

  static func == (left: Number, right: Number) -> Bool { left.value == right.value }
}

typealias NumberMachine = TransactionMachine<Number>

/// Somebody who makes products, as a test wants it.
struct PretendedParticipant {
  var name: String
  var units: Set<UnitID>
  /// The values that it refuses.
  var refused: Set<Int> = []
  /// It does not answer.
  var isHanging = false
}

/// A product, and what it was made of.
struct PretendedProduct {
  var participant: NumberMachine.Participant
  var contents: [UnitID: Number]
  var retirements = 0
}

/// What a health check says.
enum PretendedHealth: Equatable {
  case good
  case bad(String)
  case hanging
}

/// What a test's job does between two transactions.
enum PretendedJob {
  case nothing
  case join(PretendedParticipant)
  case leave(NumberMachine.Participant)
  /// Has made its products, and is to become a member.
  case joining(
    NumberMachine.Participant, PretendedParticipant, NumberMachine.Product,
    rollBack: NumberMachine.Product?)
}

/// What the actions of a machine leave on disk, and what another process gets of it.
struct PretendedJournal {
  /// A process that died so often with an attempt open starts the next time without what it attempted.
  static let maximumDeaths = 2

  var generation: UInt64 = 0
  var lastGood: [UnitID: Number] = [:]
  var quarantine: [UnitID: [NumberMachine.Quarantined]] = [:]
  /// What came into force and did not outlive its bake yet.
  var attempts: [UnitID: Number] = [:]
  private var deaths: [UnitID: (content: Number, count: Int)] = [:]

  mutating func willSwap(to generation: UInt64, _ contents: [UnitID: Number]) {
    self.generation = generation
    attempts.merge(contents) { $1 }
  }

  mutating func baked(_ contents: [UnitID: Number]) {
    lastGood.merge(contents) { $1 }
    for (unit, content) in contents where attempts[unit] == content { attempts[unit] = nil }
  }

  mutating func keepOut(_ contents: [UnitID: Number], because reason: String) {
    for (unit, content) in contents {
      attempts[unit] = nil
      var kept = quarantine[unit] ?? []
      kept.removeAll { $0.fingerprint == content.fingerprint }
      kept.append(.init(fingerprint: content.fingerprint, reason: reason))
      if kept.count > NumberMachine.maximumQuarantined { kept.removeFirst() }
      quarantine[unit] = kept
    }
  }

  func isKeptOut(_ content: Number, _ unit: UnitID) -> Bool {
    quarantine[unit]?.contains { $0.fingerprint == content.fingerprint } ?? false
  }

  /// The process died.
  mutating func die() {
    for (unit, content) in attempts where lastGood[unit] != content {
      let count = (deaths[unit].map { $0.content == content ? $0.count : 0 } ?? 0) + 1
      deaths[unit] = (content, count)
      if count >= Self.maximumDeaths { keepOut([unit: content], because: "the process died") }
    }
    attempts = [:]
  }

  /// The process ended as it should.
  mutating func close() {
    attempts = [:]
    deaths = [:]
  }

  var memory: NumberMachine.Memory {
    .init(generation: generation, lastGood: lastGood, quarantine: quarantine)
  }
}
