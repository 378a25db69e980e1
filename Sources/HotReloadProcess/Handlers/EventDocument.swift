import HotReload
import SystemPackage
import WorkspaceTools

/// An event as a program gets it: one JSON object, and variables.
struct EventDocument {
  let json: [UInt8]
  /// Nil for a variable that is taken away, so that a value from further above is not mistaken for ours.
  let variables: [String: String?]

  init(_ published: PublishedEvent, redaction: RedactionRules) {
    json = published.jsonBytes(redacting: redaction) + [UInt8(ascii: "\n")]
    let paths = published.paths.prefix(CommandHandler.maximumPaths).map(\.string)
    variables = [
      "HOTRELOAD_EVENT": published.event.kind.rawValue, "HOTRELOAD_PATHS": PathList.text(paths),
      "HOTRELOAD_CONFIG": published.event.configName,
      "HOTRELOAD_GENERATION": "\(published.generation)",
    ]
  }
}
