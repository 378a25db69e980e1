/// The bounds of a ``SQLiteStore``. All processes that share a file should have the same.
public struct SQLiteOptions: Sendable {
  /// How long a request waits for another process that writes. Default 5 s.
  public var busyTimeout: Duration
  /// How many commits are kept for watches, 1 at least. Default 10,000.
  public var retainedCommits: Int
  /// How long commits are kept for watches. Default one day.
  public var retainedTime: Duration
  /// How many bytes the kept commits may have. Default 64 MiB.
  public var retainedBytes: Int
  /// How large the file may become, 1 MiB at least; beyond it commits fail with `full`. Default 512 MiB.
  public var maximumFileSize: Int
  /// How often watches look at the file by themselves, should the doorbell not be heard. Default 1 s.
  public var pollInterval: Duration

  /// Creates options.
  public init(
    busyTimeout: Duration = .seconds(5),
    retainedCommits: Int = StoreState.defaultRetainedCommits,
    retainedTime: Duration = .seconds(86_400), retainedBytes: Int = 64 << 20,
    maximumFileSize: Int = 512 << 20, pollInterval: Duration = .seconds(1)
  ) {
    self.busyTimeout = busyTimeout
    self.retainedCommits = retainedCommits
    self.retainedTime = retainedTime
    self.retainedBytes = retainedBytes
    self.maximumFileSize = maximumFileSize
    self.pollInterval = pollInterval
  }

  func validate() throws(StoreError) {
    let isValid =
      retainedCommits >= 1 && retainedBytes >= 0 && retainedTime >= .zero
      && maximumFileSize >= 1 << 20 && pollInterval > .zero && busyTimeout >= .zero
    guard isValid else {
      throw StoreError(
        .invalidOptions,
        "the options of the fleet's SQLite store are out of range: times and sizes must not be negative, a "
          + "commit be kept, and the file have 1 MiB at least")
    }
  }
}
