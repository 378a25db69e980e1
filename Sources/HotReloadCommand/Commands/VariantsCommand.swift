import ArgumentParser
import HotReload
import WorkspaceFiles
import WorkspaceTools

/// Prints who gets which variant of a config.
struct VariantsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "variants",
    abstract: "Prints a config's variants, their shares, and who gets which.",
    discussion: """
      config/app@treatment.toml is the overlay of the variant treatment of config app; control is the config without \
      an overlay. Who gets which is said by the table experiment in the config. The answers are those that the program \
      gives, on every machine.

      EXAMPLES
        hotreload variants app
        hotreload variants app --subject user-17 --subject user-18
        hotreload variants app --count < subjects.txt

      JSON LINES
        {"event":"variants","time":N,"config":"app","experiment":"checkout",
         "salt":"2026-11","variants":[{"name":"control","weight":50,
         "share":0.5,"testSubjects":0}]}
        {"event":"assigned","time":N,"config":"app","subject":"user-17",
         "variant":"treatment","testSubject":false}
        {"event":"counted","time":N,"config":"app","subjects":N,
         "counts":{"control":N,"treatment":N}}
      Without "experiment", "salt" and the numbers if the config has no experiment.

      TSV LINES
        variant<TAB>weight<TAB>share<TAB>test subjects
        assigned<TAB>subject<TAB>variant<TAB>true if a test subject
        counted<TAB>variant<TAB>number of subjects
      """)

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Say which variant this subject gets, such as a user's identifier. Repeatable.",
      valueName: "subject"))
  var subject: [String] = []

  @Flag(help: "Count how many of the subjects on standard input, one a line, get each variant.")
  var count = false

  @Argument(help: ArgumentHelp("The config, such as app or sub/app.", valueName: "config"))
  var name: String

  func run() async throws {
    do {
      let renderer = ConfigRenderer(format: output.chosen, redaction: options.redaction)
      let workspace = try options.workspace()
      let (name, subjects, counts) = (name, subject, count)
      try await BlockingExecutor.shared.run {
        let output = StandardOutput()
        let config: LoadedConfig
        do throws(ConfigError) {
          config = try ConfigLoader(workspace: workspace).load(name)
        } catch {
          try report(error, of: name, renderer, output)
          throw ExitCode.failure
        }
        try Self.show(config, subjects, counts, VariantsRenderer(renderer.format), output)
      }
    } catch {
      throw workspaceFailure(error)
    }
  }

  private static func show(
    _ config: LoadedConfig, _ subjects: [String], _ counts: Bool, _ renderer: VariantsRenderer,
    _ output: StandardOutput
  ) throws {
    let names = config.variants.map(\.name)
    try output.write(renderer.overview(config, time: nanosecondsSince1970()))
    guard !subjects.isEmpty || counts else { return }
    guard let experiment = config.experiment else {
      logLine(
        printable(
          "hotreload: config \(config.name) has no experiment, so everybody gets control; the table "
            + "\(ConfigExperiment.key) in it says who gets which variant"))
      throw ExitCode.failure
    }
    let assigner = VariantAssigner(experiment, variants: names)
    for subject in subjects {
      try output.write(
        renderer.assigned(
          subject, to: assigner.variant(for: subject),
          isTestSubject: experiment.testSubjects[subject] != nil, of: config.name,
          time: nanosecondsSince1970()))
    }
    guard counts else { return }
    var numbers = Dictionary(uniqueKeysWithValues: assigner.names.map { ($0, 0) })
    while let line = readLine() { numbers[assigner.variant(for: line), default: 0] += 1 }
    try output.write(
      renderer.counted(
        assigner.names.map { ($0, numbers[$0] ?? 0) }, of: config.name,
        time: nanosecondsSince1970()))
  }
}
