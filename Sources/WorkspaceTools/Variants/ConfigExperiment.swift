/// What a config says of its experiment: which share of the subjects gets which of its variants.
///
/// ```toml
/// [experiment]
/// name = "checkout"                # default: the config's name
/// salt = "2026-11"                 # default: the experiment's name
/// weights = { control = 50, treatment = 50 }
/// test_subjects = { treatment = ["qa-1", "qa-2"] }
/// ```
public struct ConfigExperiment: Sendable, Hashable {
  /// The key of the table.
  public static let key = "experiment"
  /// The name of the config without any overlay among the variants.
  public static let control = "control"
  /// The largest weight. Only the proportion of weights counts.
  public static let maximumWeight = 1_000_000
  /// The largest number of test subjects.
  public static let maximumTestSubjects = 1_000
  /// The largest size of name, salt and a test subject, in bytes of UTF-8.
  public static let maximumTextSize = 200

  /// The experiment's name.
  public var name: String
  /// With another salt the subjects are distributed anew.
  public var salt: String
  /// The weight of each variant that has one, ``control`` among them; the others have 0.
  public var weights: [String: Int]
  /// Which variant some subjects get whatever the weights, for trying it out: by subject. They should not count in an
  /// evaluation.
  public var testSubjects: [String: String]

  /// Creates a value; it is not checked.
  public init(
    name: String, salt: String? = nil, weights: [String: Int],
    testSubjects: [String: String] = [:]
  ) {
    self.name = name
    self.salt = salt ?? name
    self.weights = weights
    self.testSubjects = testSubjects
  }

  /// The share of the subjects that a variant gets, test subjects apart: 0 to 1.
  public func share(of variant: String) -> Double {
    let sum = weights.values.reduce(0, +)
    return sum == 0 ? 0 : Double(weights[variant] ?? 0) / Double(sum)
  }
}
