import ArgumentParser

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// For people.
  case text
  /// One JSON object a line.
  case json
  /// Columns with tabs between them.
  case tsv
}

/// The options of every command that say how results are printed.
struct OutputOptions: ParsableArguments {
  @Option(help: "How to print: text, json (one object a line) or tsv.")
  var format: OutputFormat?

  @Flag(help: "The same as --format json.")
  var json = false

  /// What was asked for; text if nothing was.
  var chosen: OutputFormat { format ?? (json ? .json : .text) }

  func validate() throws {
    if json, let format, format != .json {
      throw ValidationError("--json and --format \(format.rawValue) contradict each other.")
    }
  }
}
