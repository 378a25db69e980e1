/// What came of asking a server for a bundle.
public enum RemoteBundleOutcome: Sendable {
  /// The server has what is in force, or what was refused before.
  case unchanged
  /// A new bundle is in force.
  case applied(BundleDigest)
  /// What the server has is not believed, or was not taken. What was in force before stays.
  case refused(BundleError)
  /// The server could not be asked, or the bundle not be kept or taken now. What was in force before stays, and it is tried again.
  case failed(BundleError)
}

/// How a ``RemoteBundleSource`` is doing.
public struct RemoteBundleStatus: Sendable {
  /// Scheme, host and port of the server.
  public var server: String
  /// The bundle in force; nil if there is none.
  public var current: BundleDigest?
  /// The bundle that the server has and that was not taken; nil if there is none.
  public var refused: BundleDigest?
  /// How often in a row the server could not be asked.
  public var failures = 0
  /// What is wrong now; nil if nothing is.
  public var problem: BundleError?
}

/// Thrown by the closure of a ``RemoteBundleSource`` that cannot take a bundle at this moment, though nothing is wrong with it: it is
/// tried again.
public struct RemoteBundleDeferral: Error, CustomStringConvertible {
  /// Why, for people.
  public var description: String

  /// Creates one.
  public init(_ reason: String) {
    description = reason
  }
}
