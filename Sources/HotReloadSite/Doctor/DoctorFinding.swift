/// What one check of `hotreload doctor` found.
public struct DoctorFinding: Sendable, Hashable {
  /// How grave it is.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// Nothing to do.
    case ok
    /// It works, and could be better or soon be worse.
    case warning
    /// Something does not work.
    case problem
  }

  /// Which check: a stable name such as `inotify-watches`.
  public var check: String
  /// How grave it is.
  public var verdict: Verdict
  /// What was found, as a sentence without the last full stop.
  public var message: String
  /// What mends it: lines for a shell, or for the file that a comment in them names. Empty if nothing is to be done.
  public var fixes: [String]

  /// Creates a finding.
  public init(check: String, verdict: Verdict, message: String, fixes: [String] = []) {
    self.check = check
    self.verdict = verdict
    self.message = message
    self.fixes = fixes
  }
}
