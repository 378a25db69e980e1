/// Which process answers.
public struct ControlInstance: Sendable, Hashable, Codable {
  /// Its name: that of its folder below `data/hotreload`.
  public var name: String
  /// The process's number.
  public var pid: Int32
  /// When it began to be reachable, in nanoseconds since 1970.
  public var startedAt: Int64
  /// How long it has been reachable, in nanoseconds; it does not jump with the wall clock.
  public var uptime: Int64
  /// The workspace's root.
  public var root: String
  /// The workspace's environment, such as `production`.
  public var environment: String

  /// Creates one.
  public init(
    name: String, pid: Int32, startedAt: Int64, uptime: Int64, root: String, environment: String
  ) {
    self.name = name
    self.pid = pid
    self.startedAt = startedAt
    self.uptime = uptime
    self.root = root
    self.environment = environment
  }
}
