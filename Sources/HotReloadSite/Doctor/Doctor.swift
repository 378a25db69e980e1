public import WorkspaceTools

/// Looks at the machine and at a workspace, and says what keeps hot reload from working well.
public enum Doctor {
  /// The port that is looked at if none is named: the one that `hotreload serve` takes.
  public static let defaultPort = 8_080

  /// Examines a workspace. Blocking: it lists the workspace's folders, loads its configs and writes for at most 50 ms to a
  /// file without a name. It changes nothing.
  ///
  /// - Returns: one finding at least for each check, in a fixed order.
  public static func examine(_ workspace: Workspace, port: Int = defaultPort) -> [DoctorFinding] {
    findings(in: FactCollector(workspace: workspace, port: port).collect())
  }

  /// What follows from the facts. Pure.
  static func findings(in facts: SystemFacts) -> [DoctorFinding] {
    WatchLimitChecks(facts: facts).findings + FileSystemChecks(facts: facts).findings
      + PermissionChecks(facts: facts).findings + StorageChecks(facts: facts).findings
      + [PortCheck(facts: facts).finding] + WorkspaceChecks(facts: facts).findings
  }
}
