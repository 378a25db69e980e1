/// Keeps account of what the driver does, beyond the life of the process.
///
/// It is told in the order in which things happen, on whatever thread they do. Nothing that it does may fail
/// a reload or make it wait for a disk: what it cannot write it reports in its own way.
protocol ReloadRecorder: Sendable {
  /// These contents are about to come into force. If the process dies before `baked` or `stopped`, they are why.
  func willSwap(to generation: UInt64, _ contents: [UnitID: UnitContent])
  /// A transaction was published.
  func published(_ publication: TransactionMachine<UnitContent>.Publication)
  /// These contents outlived their bake, as parts of this generation.
  func baked(_ generation: UInt64, _ contents: [UnitID: UnitContent])
  /// These contents were rolled back.
  func quarantined(_ contents: [UnitID: UnitContent], because reason: String)
  /// What was rolled back is forgotten: of this unit, or of all.
  func clearedQuarantine(of unit: UnitID?)
  /// The manager ends as it should.
  func stopped() async
}
