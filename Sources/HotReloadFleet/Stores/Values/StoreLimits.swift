/// What every store takes, whatever it is made of, so that what works with one works with all.
///
/// They are those of an etcd as it is installed, less what this package needs of them. Each store checks
/// them before anything is sent or written; what is beyond is a ``StoreError`` with the code `limitExceeded`.
public enum StoreLimits {
  /// The most operations of a transaction. Its conditions count on their own, and so do its mutations together
  /// with the record of the transaction's own name: 128 conditions, and 127 mutations.
  public static let operations = 128
  /// The most bytes of a transaction, counted as ``StoreTransaction/byteCount`` says: 1.5 MiB.
  public static let transactionBytes = 3 << 19
  /// The most bytes of a key; the least is one.
  public static let keyBytes = 1_024
  /// The most entries of one page.
  public static let pageEntries = 1_000
  /// The shortest and the longest time that a lease can be asked for.
  public static let leaseTimes = Duration.seconds(1)...Duration.seconds(86_400)
  /// For how long after a commit ``FleetStore/resolve(_:)`` can tell what became of it.
  public static let operationMemory = Duration.seconds(600)
}
