import HotReload
import WorkspaceTools

/// Which variants the configs in force have, and how subjects are distributed over them. Who is a test subject is not told.
struct VariantsSection: StatusSource {
  /// How many variants are shown.
  static let limit = 200

  let manager: HotReloadManager
  let name = "Variants"

  func status() async -> StatusTable {
    let snapshot = manager.snapshot()
    var rows: [[String]] = []
    for config in snapshot.configNames {
      let variants = snapshot.variants(of: config) ?? []
      let experiment = snapshot.experiment(of: config)
      guard variants.count > 1 || experiment != nil else { continue }
      rows += variants.map { Self.row(config, $0, experiment) }
    }
    var table = StatusTable(
      columns: ["Config", "Experiment", "Variant", "Weight", "Share", "Test subjects"],
      rows: Array(rows.prefix(Self.limit)))
    if rows.count > Self.limit {
      table.fields.append(.init(name: "not shown", value: "\(rows.count - Self.limit) variants"))
    }
    return table
  }

  private static func row(
    _ config: String, _ variant: String, _ experiment: ConfigExperiment?
  ) -> [String] {
    guard let experiment else { return [config, "none: all get control", variant] }
    return [
      config, experiment.name, variant, "\(experiment.weights[variant] ?? 0)",
      share(experiment.share(of: variant)),
      "\(experiment.testSubjects.values.count { $0 == variant })",
    ]
  }

  /// In percent, with two decimals where they say anything.
  private static func share(_ share: Double) -> String {
    let hundredths = Int((share * 10_000).rounded())
    let rest = hundredths % 100
    return rest == 0
      ? "\(hundredths / 100) %" : "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
  }
}
