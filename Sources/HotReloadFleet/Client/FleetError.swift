/// Why something that was asked of a fleet was not done.
public struct FleetError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// The store does not answer, or refuses.
    public static let store = Code(description: "store")
    /// The content is not in the store.
    public static let contentMissing = Code(description: "contentMissing")
    /// Nothing is being rolled out.
    public static let noRollout = Code(description: "noRollout")
    /// The rollout is not in a state in which that can be done.
    public static let notPossible = Code(description: "notPossible")
    /// No controller answered in time.
    public static let noAnswer = Code(description: "noAnswer")
    /// The settings of the fleet are wrong.
    public static let invalidOptions = Code(description: "invalidOptions")
    /// Another process has the instance's name.
    public static let instanceBusy = Code(description: "instanceBusy")
    /// The instance has nothing to start with.
    public static let noContent = Code(description: "noContent")
  }

  /// What kind of error it is.
  public var code: Code
  /// What happened, and what to do next.
  public var message: String
  /// The error behind it.
  public var cause: (any Error)?

  /// Creates an error.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message.
  public var description: String { message }

  /// That a store did not do what it was asked for.
  package static func store(_ error: StoreError) -> FleetError {
    let what = "the fleet's store"
    let message = error.message.hasPrefix(what) ? error.message : "\(what): \(error.message)"
    return FleetError(.store, message, cause: error)
  }

  static func contentMissing(_ content: BundleDigest) -> FleetError {
    FleetError(
      .contentMissing,
      "the content \(content) is not in the fleet's store; propose the files, not their digest alone"
    )
  }

  static let noRollout = FleetError(
    .noRollout, "nothing is being rolled out; see 'hotreload fleet status'")

  static func otherRollout(_ release: Release) -> FleetError {
    FleetError(.notPossible, "it is \(release) that is being rolled out")
  }

  static func notPossible(_ reason: String) -> FleetError { FleetError(.notPossible, reason) }

  static func noAnswer(_ limit: Duration) -> FleetError {
    FleetError(
      .noAnswer,
      "no controller answered within \(limit), and the request was taken back; see whether instances run, with "
        + "'hotreload fleet instances'")
  }
}
