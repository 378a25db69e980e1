/// Why a store did not do what it was asked for; the same for all stores.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// What was asked for makes no sense: an empty key, a key that is changed twice.
    public static let invalidRequest = Code(description: "invalidRequest")
    /// What was asked for is beyond one of the ``StoreLimits``.
    public static let limitExceeded = Code(description: "limitExceeded")
    /// There is no such lease, or it has ended.
    public static let leaseNotFound = Code(description: "leaseNotFound")
    /// The transaction was abandoned by ``FleetStore/resolve(_:)``. Make a new one.
    public static let operationAbandoned = Code(description: "operationAbandoned")
    /// The store cannot be reached or does not answer now.
    public static let unavailable = Code(description: "unavailable")
    /// The store has no space left.
    public static let full = Code(description: "full")
    /// The user or the password is wrong, or the store wants some.
    public static let unauthenticated = Code(description: "unauthenticated")
    /// The user may not do that.
    public static let permissionDenied = Code(description: "permissionDenied")
    /// The store's content, or what it answered, is not what it should be.
    public static let corrupted = Code(description: "corrupted")
    /// There is no store there, and none was to be made.
    public static let missing = Code(description: "missing")
    /// A store cannot be kept there, or is of a kind that is not known.
    public static let unsupported = Code(description: "unsupported")
    /// The settings of the store are wrong.
    public static let invalidOptions = Code(description: "invalidOptions")
    /// The task was cancelled before anything was sent.
    public static let cancelled = Code(description: "cancelled")
    /// The store was closed by this process.
    public static let closed = Code(description: "closed")
  }

  /// What kind of error it is.
  public var code: Code
  /// What happened, where, and what to do next.
  public var message: String
  /// The error behind it.
  public var cause: (any Error)?
  /// Whether the same request, sent again later, may succeed and can do no harm.
  public var isSafeToRetry: Bool

  /// Creates an error.
  /// - Parameter isSafeToRetry: nil for what the code says: `unavailable`, `full` and `cancelled` are, others are not.
  public init(
    _ code: Code, _ message: String, cause: (any Error)? = nil, isSafeToRetry: Bool? = nil
  ) {
    self.code = code
    self.message = message
    self.cause = cause
    self.isSafeToRetry = isSafeToRetry ?? [.unavailable, .full, .cancelled].contains(code)
  }

  /// The message.
  public var description: String { message }

  static var cancelled: StoreError {
    StoreError(
      .cancelled, "the task was cancelled before its request was sent to the fleet's store",
      cause: CancellationError())
  }

  static var closed: StoreError {
    StoreError(.closed, "the fleet's store was closed; open a new one")
  }
}
