/// Keeps account of what the driver does, beyond the life of the process.
///
/// It is told on whatever thread things happen, in their order, but for the end of a bake: that may be told
/// when something newer is on trial already. Nothing that it does may fail a reload or make it wait for a disk:
/// what it cannot write it reports in its own way.
protocol ReloadRecorder: Sendable {
  /// These contents are about to come into force. Unless they come back, they are why if the process dies before
  /// `baked` or `stopped`.
  func willSwap(to generation: UInt64, _ contents: [UnitID: UnitContent], isRollBack: Bool)
  /// A transaction was published.
  func published(_ publication: TransactionMachine<UnitContent>.Publication)
  /// These contents outlived their bake, as parts of this generation.
  func baked(_ generation: UInt64, _ contents: [UnitID: UnitContent])
  /// Somebody who came later accepts what is in force of these units.
  func accepted(_ units: Set<UnitID>)
  /// Somebody who came later can do nothing with what is in force of this unit.
  func refused(_ unit: UnitID)
  /// These contents were rolled back.
  func quarantined(_ contents: [UnitID: UnitContent], because reason: String)
  /// What was rolled back is forgotten: of this unit, or of all.
  func clearedQuarantine(of unit: UnitID?)
  /// The manager ends as it should.
  func stopped() async
}
