import WorkspaceTools
import WorkspaceFiles

/// How much a journal keeps.
public struct JournalLimits: Sendable, Hashable {
  /// When the file of events has more bytes than this, it is written anew, at most half as large. Default 1 MiB.
  public var maximumFileSize: Int
  /// The most events that are kept then. Default 1,000.
  public var maximumEntries: Int
  /// The oldest event that is kept then. Default 90 days.
  public var maximumAge: Duration
  /// The most bytes of configs that are kept then. Default 256 MiB. Those of the last good contents are kept anyway.
  public var maximumContentSize: Int

  /// Creates limits.
  public init(
    maximumFileSize: Int = 1 << 20, maximumEntries: Int = 1_000,
    maximumAge: Duration = .seconds(90 * 86_400), maximumContentSize: Int = 256 << 20
  ) {
    self.maximumFileSize = maximumFileSize
    self.maximumEntries = maximumEntries
    self.maximumAge = maximumAge
    self.maximumContentSize = maximumContentSize
  }
}

/// Whether a journal keeps what it is given.
public enum JournalHealth: Sendable, Hashable {
  /// All is written.
  case healthy
  /// Something is not written, or was dropped; it is tried again until it works.
  case degraded(String)
}

/// The places at which a test may end the process.
package enum JournalFailpoint: String, Sendable, CaseIterable {
  // Of a reload, in their order.
  /// The attempt is written, and nothing is swapped in.
  case attemptBegun = "attempt-begun"
  /// New content is in force, and nobody is told.
  case swapped = "swapped"
  /// Everybody is told, and nothing is known to be good.
  case published = "published"
  /// The bake is over, and that is not written.
  case baked = "baked"
  case attemptClosed = "attempt-closed"
  /// What is rolled back is written to be kept out, and is still in force.
  case quarantined = "quarantined"

  // Of the journal's thread.
  case backedUp = "backed-up"
  case blobWrittenNotRenamed = "blob-written-not-renamed"
  case blobWritten = "blob-written"
  case lastGoodWritten = "last-good-written"
  case lastGoodSynced = "last-good-synced"
  case compactedNotRenamed = "compacted-not-renamed"
  case compacted = "compacted"
}

/// How a journal works.
package struct JournalOptions: Sendable {
  /// The instance's name, if no option says otherwise.
  package static let defaultInstance = InstanceName.standard

  /// The folder's name. If another process has it, `NAME-2`, `NAME-3`, … is taken.
  package var instance: String
  package var limits: JournalLimits
  /// How many backups of the files of what is applied are kept; nil: none are made.
  package var backups: ConfigBackupLimits?
  /// The most records that wait to be written.
  package var queueLimit: Int
  /// The most bytes of configs that wait to be written.
  package var queueSizeLimit: Int
  /// The time between two attempts to write what could not be written.
  package var retryInterval: Duration
  /// Nanoseconds since 1970.
  package var now: @Sendable () -> Int64
  /// Called on the journal's thread when its health has changed.
  package var onHealthChange: @Sendable (JournalHealth) -> Void
  /// Called at each place that a test may choose.
  package var failpoint: (@Sendable (JournalFailpoint) -> Void)?

  package init(
    instance: String = defaultInstance, limits: JournalLimits = JournalLimits(),
    backups: ConfigBackupLimits? = nil, queueLimit: Int = 1_024, queueSizeLimit: Int = 64 << 20,
    retryInterval: Duration = .seconds(1),
    now: @escaping @Sendable () -> Int64 = SystemCalls.currentTime,
    onHealthChange: @escaping @Sendable (JournalHealth) -> Void = { _ in },
    failpoint: (@Sendable (JournalFailpoint) -> Void)? = nil
  ) {
    self.instance = instance
    self.limits = limits
    self.backups = backups
    self.queueLimit = queueLimit
    self.queueSizeLimit = queueSizeLimit
    self.retryInterval = retryInterval
    self.now = now
    self.onHealthChange = onHealthChange
    self.failpoint = failpoint
  }
}
