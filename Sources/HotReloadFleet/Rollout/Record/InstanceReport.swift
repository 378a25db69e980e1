/// What an instance says about itself, under a lease: it is there as long as the instance is.
public struct InstanceReport: Sendable, Hashable, Codable {
  /// How far the instance is with ``release``.
  public enum Phase: String, Sendable, Hashable, Codable {
    /// It is about to take the release.
    case applying
    /// It runs the release and is healthy with it.
    case applied
    /// It refuses the release, or went back from it.
    case failed
    /// It stops as it should; the report ends soon.
    case departed
  }

  /// The version of the format that this is.
  public static let currentVersion = 1

  /// The format's version.
  public var version = InstanceReport.currentVersion
  /// The instance's name.
  public var instance: String
  /// Its place in the fleet's order.
  public var hash: InstanceHash
  /// What tells one life of the instance from the next.
  public var incarnation: String
  /// How far it is with ``release``.
  public var phase: Phase
  /// What the phase is about; nil if the instance runs what it has of its own.
  public var release: Release?
  /// What it runs; nil for what it has of its own.
  public var running: Release?
  /// What the health check of ``release`` said last; nil if it was good or there was none. It is told for as long as the failure is,
  /// also when something else runs again.
  public var healthFailure: String?
  /// Why it failed.
  public var error: String?
  /// What its own files have that the fleet did not agree on.
  public var drift: BundleDigest?

  /// Creates the report of an instance that runs something and has nothing to do.
  public init(instance: String, incarnation: String, running: Release? = nil) {
    self.instance = instance
    hash = InstanceHash(of: instance)
    self.incarnation = incarnation
    phase = .applied
    release = running
    self.running = running
  }

  /// The most bytes of an error that are told to the fleet.
  static let maximumError = 1_024
}
