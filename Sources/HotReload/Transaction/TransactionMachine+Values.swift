import FileWatching
import WorkspaceTools

extension TransactionMachine {
  /// An order to make a product.
  struct Making: Sendable, Hashable {
    var participant: Participant
    var product: Product
    /// Of which of the participant's units the content differs.
    var changed: Set<UnitID>
  }

  /// What a swap puts in force; what is not named stays.
  struct Swap: Sendable {
    var contents: [UnitID: Content]
    var products: [Participant: Product]
    /// What is in force no more.
    var removed: Set<UnitID> = []
    /// Whether what was in force before comes back.
    var isRollBack = false
  }

  /// A product that came into force, and the one whose place it took.
  struct Activation: Sendable, Hashable {
    var product: Product
    var replaced: Product?
  }

  /// What outlived its bake.
  struct Baked: Sendable {
    /// The generation that was on trial.
    var generation: UInt64
    var contents: [UnitID: Content]
    var duration: Duration
  }

  /// How long a phase may take. What comes after its deadline is discarded.
  struct Limits: Sendable {
    var load: Duration = .seconds(30)
    /// The same if anything is asked of which nothing is in force yet: there is nothing to go on with, and everything must be read.
    var firstLoad: Duration = .seconds(300)
    var validate: Duration = .seconds(10)
    var prepare: Duration = .seconds(30)
    var activate: Duration = .seconds(10)
    /// How long what was swapped in is on trial; 0 for not at all.
    var bake: Duration = .zero
    /// Whether health checks are made during a bake.
    var checksHealth = false
    /// The time between two health checks.
    var healthInterval: Duration = .seconds(1)
    /// How long a health check may take; then it counts as failed.
    var health: Duration = .seconds(5)
    /// How many content changes are published at a time, so that a config waits for no more than these.
    var contentSlice = 512
  }

  /// What is known about one unit.
  struct Unit: Sendable {
    /// What is in force; nil if nothing was good yet.
    var applied: Content?
    /// Why what is on disk is not in force; empty if it is.
    var refusal: [ConfigDiagnostic] = []
    /// A participant refused it together with something else, which may be what is wrong.
    var isHeldBack = false
  }

  /// Something that was rolled back, and why.
  struct Quarantined: Sendable {
    var fingerprint: Content.Fingerprint
    var reason: String
  }

  /// What a process starts with that is not the first.
  struct Memory: Sendable {
    var generation: UInt64 = 0
    /// The last good content of each unit, for when what is on disk is not.
    var lastGood: [UnitID: Content] = [:]
    var quarantine: [UnitID: [Quarantined]] = [:]
  }

  /// One unit's part of a publication.
  struct UnitChange: Sendable {
    var unit: UnitID
    var outcome: ReloadOutcome
    var old: Content?
    /// What is in force now.
    var new: Content?
    var isChanged: Bool
    /// The same was said about this unit before.
    var isRepeated: Bool
  }

  /// What the rest of the program is told about a transaction.
  struct Publication: Sendable {
    var producers: [Candidate.Producer]
    var generation: UInt64
    var units: [UnitChange]
    var unitChanges: [UnitID: [FileChange]]
    var content: [FileChange]
    var notices: [WatchNotice]
    /// From the begin of the transaction until the new values were in force.
    var duration: Duration
  }

  /// Who waits for a report, and until how much content was published.
  struct Waiter: Sendable {
    var ticket: Ticket
    var contentNumber: Int
  }
}
