import FileWatching
import SystemPackage
import WorkspaceTools

/// What has become of everything since the manager started, for its status. Times are nanoseconds since 1970.
struct ReloadAccount: Sendable {
  /// Since when a unit is what it is.
  struct UnitTimes: Sendable {
    /// When what is in force of it came so; nil if nothing is.
    var inForceSince: Int64?
    /// Since when what is on disk is not in force; nil if it is.
    var rejectedSince: Int64?
  }

  /// Units that were in a transaction and are known still.
  private(set) var units: [UnitID: UnitTimes] = [:]
  /// What became of units so far, one for each unit and transaction.
  private(set) var counts: [ReloadOutcome.Kind: Int] = [:]
  /// The last transaction that loaded anything.
  private(set) var lastReport: ReloadReport?
  /// When the last transaction ended of which nothing was rejected.
  private(set) var lastSuccess: Int64?
  /// Whether anything is not as it should be, and since when it has been so or not so.
  private(set) var isDegraded = false
  private(set) var healthSince = nanosecondsSince1970()
  /// What only others know: whether a folder cannot be watched or a receiver is too slow.
  private(set) var degradedFolders: [FilePath: WatchFailure] = [:]
  private var othersAreTroubled = false

  /// Takes in what a transaction did.
  mutating func note(
    _ report: ReloadReport, _ known: [UnitID: TransactionMachine<UnitContent>.Unit], at time: Int64
  ) {
    guard !report.units.isEmpty else { return }
    lastReport = report
    if report.isAccepted { lastSuccess = time }
    for unit in report.units {
      counts[unit.outcome.kind, default: 0] += 1
      guard let now = known[unit.unit] else {
        units[unit.unit] = nil
        continue
      }
      var times = units[unit.unit] ?? UnitTimes()
      if unit.isChanged { times.inForceSince = time }
      times.rejectedSince = now.refusal.isEmpty ? nil : times.rejectedSince ?? time
      units[unit.unit] = times
    }
  }

  /// Takes in what the watcher said of itself.
  mutating func note(_ notices: [WatchNotice]) {
    for notice in notices {
      switch notice {
      case .degraded(let path, let reason), .unreadable(let path, let reason):
        degradedFolders[path] = reason
      case .restored(let path): degradedFolders[path] = nil
      case .rescanned: break
      }
    }
  }

  /// Takes in what the watcher, the receivers of events and the journal say when they are asked.
  mutating func note(_ watch: FileWatcher.Status?, othersAreTroubled: Bool) {
    if let watch { degradedFolders = watch.degraded }
    self.othersAreTroubled = othersAreTroubled
  }

  /// Settles whether anything is not as it should be.
  /// - Parameter isTroubled: whether the driver knows of something that the account does not.
  mutating func settle(isTroubled: Bool) {
    let isDegradedNow =
      isTroubled || othersAreTroubled || !degradedFolders.isEmpty
      || units.values.contains { $0.rejectedSince != nil }
    guard isDegradedNow != isDegraded else { return }
    isDegraded = isDegradedNow
    healthSince = nanosecondsSince1970()
  }
}
