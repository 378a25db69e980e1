import HotReload
import WorkspaceFiles
public import WorkspaceTools

/// One `[[handler]]` of `hotreload.toml`:
///
/// ```toml
/// [[handler]]
/// match = "static/**"
/// run = ["npm", "run", "css"]
/// on = ["fileChanged"]
/// timeout = 30
/// ```
///
/// `match` is a glob as for `registerReloadHandler(matching:)`, `run` a program and its arguments without a shell, `on` the events it
/// runs for (default: all), `timeout` in seconds, above 0 up to an hour (default 30).
public struct CommandHandlerSettings: Sendable, Hashable {
  /// Which paths and configs it is about.
  public var match: String
  /// The program and its arguments.
  public var run: [String]
  /// The events it runs for; nil: all.
  public var on: Set<ChangeEvent.Kind>?
  /// How long it may take.
  public var timeout: Duration

  /// The most handlers that a file may declare.
  public static let maximumHandlers = 64
  /// The longest time that a command may be given, in seconds.
  public static let maximumTimeout = 3_600.0
  /// The table's name in the settings file.
  public static let key = "handler"

  /// Creates settings.
  public init(
    match: String, run: [String], on: Set<ChangeEvent.Kind>? = nil,
    timeout: Duration = CommandHandler.defaultTimeout
  ) {
    self.match = match
    self.run = run
    self.on = on
    self.timeout = timeout
  }

  /// The handlers that the workspace's `hotreload.toml` declares; none if there is no such file. Blocks.
  ///
  /// - Throws: ``CommandHandlerSettingsError`` with everything that is wrong, and where.
  public static func load(
    from workspace: Workspace
  ) throws(CommandHandlerSettingsError) -> [CommandHandlerSettings] {
    let path = workspace.root.appending(HotReloadConfiguration.settingsFile)
    let bytes: [UInt8]
    do {
      bytes = try readStably(path, limit: HotReloadConfiguration.maximumSettingsSize).bytes
    } catch {
      if case .missing = error { return [] }
      let location = SourceLocation(source: HotReloadConfiguration.settingsFile)
      throw .init(diagnostics: [ConfigDiagnostic(location: location, message: "\(error)")])
    }
    do {
      let file = HotReloadConfiguration.settingsFile
      return try handlers(in: ConfigFormat.toml.parse(bytes, file: file))
    } catch let error as CommandHandlerSettingsError {
      throw error
    } catch {
      throw .init(diagnostics: (error as? ConfigDiagnostic).map { [$0] } ?? [])
    }
  }

  static func handlers(
    in tree: ConfigTree
  ) throws(CommandHandlerSettingsError) -> [CommandHandlerSettings] {
    guard let value = tree.table?[key] else { return [] }
    var reader = SettingsReader()
    var handlers: [CommandHandlerSettings] = []
    if let elements = value.array, elements.allSatisfy({ $0.table != nil }) {
      if elements.count > maximumHandlers {
        reader.refuse(
          value, key, "there are \(elements.count) handlers; \(maximumHandlers) is the most")
      }
      for (index, element) in elements.prefix(maximumHandlers).enumerated() {
        if let handler = reader.handler(element, "\(key)[\(index)]") { handlers.append(handler) }
      }
    } else {
      reader.refuse(value, key, "handlers are written as [[\(key)]] with match and run")
    }
    guard reader.problems.isEmpty else { throw .init(diagnostics: reader.problems) }
    return handlers
  }
}

/// What is wrong with the handlers of `hotreload.toml`.
public struct CommandHandlerSettingsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Each problem with its place.
  public let diagnostics: [ConfigDiagnostic]

  /// One line for each.
  public var description: String {
    diagnostics.map(\.description).joined(separator: "\n")
  }
}

/// Reads tables one value at a time, and goes on after what is wrong, so that everything is said at once.
private struct SettingsReader {
  private(set) var problems: [ConfigDiagnostic] = []

  mutating func refuse(_ tree: ConfigTree, _ path: String, _ message: String) {
    problems.append(ConfigDiagnostic(location: tree.location, keyPath: path, message: message))
  }

  mutating func handler(_ tree: ConfigTree, _ path: String) -> CommandHandlerSettings? {
    guard let table = tree.table else { return nil }
    let known = ["match", "run", "on", "timeout"]
    for entry in table where !known.contains(entry.key) {
      problems.append(
        ConfigDiagnostic(
          location: entry.keyLocation ?? entry.value.location, keyPath: "\(path).\(entry.key)",
          message: "unknown setting; there are \(known.joined(separator: ", "))"))
    }
    let match = match(table["match"], in: tree, path)
    let run = run(table["run"], in: tree, path)
    let on = table["on"].map { kinds($0, "\(path).on") }
    let timeout = table["timeout"].flatMap { seconds($0, "\(path).timeout") }
    guard let match, let run else { return nil }
    return CommandHandlerSettings(
      match: match, run: run, on: on, timeout: timeout ?? CommandHandler.defaultTimeout)
  }

  private mutating func match(_ value: ConfigTree?, in table: ConfigTree, _ path: String) -> String?
  {
    guard let value else {
      refuse(table, path, "match is missing: a glob such as \"static/**\"")
      return nil
    }
    guard let pattern = value.string else {
      refuse(value, "\(path).match", "expected String, found \(value.value.kindName)")
      return nil
    }
    do {
      _ = try Glob(pattern)
      return pattern
    } catch {
      refuse(value, "\(path).match", "\(error)")
      return nil
    }
  }

  private mutating func run(_ value: ConfigTree?, in table: ConfigTree, _ path: String) -> [String]?
  {
    guard let value else {
      refuse(
        table, path,
        "run is missing: a program and its arguments such as [\"npm\", \"run\", \"css\"]")
      return nil
    }
    guard let words = texts(value, "\(path).run") else { return nil }
    guard let name = words.first, !name.isEmpty, !words.contains(where: { $0.utf8.contains(0) })
    else {
      refuse(value, "\(path).run", "a program is needed, and no NUL in its arguments")
      return nil
    }
    return words
  }

  private mutating func kinds(_ value: ConfigTree, _ path: String) -> Set<ChangeEvent.Kind> {
    var kinds: Set<ChangeEvent.Kind> = []
    for (index, word) in (texts(value, path) ?? []).enumerated() {
      if let kind = ChangeEvent.Kind(rawValue: word) {
        kinds.insert(kind)
      } else {
        let all = ChangeEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        refuse(
          value.array?[index] ?? value, path, "there is no event \"\(word)\"; there are \(all)")
      }
    }
    return kinds
  }

  private mutating func texts(_ value: ConfigTree, _ path: String) -> [String]? {
    guard let elements = value.array else {
      refuse(value, path, "expected an array of strings, found \(value.value.kindName)")
      return nil
    }
    for element in elements where element.string == nil {
      refuse(element, path, "expected String, found \(element.value.kindName)")
    }
    let words = elements.compactMap(\.string)
    return words.count == elements.count ? words : nil
  }

  private mutating func seconds(_ value: ConfigTree, _ path: String) -> Duration? {
    let number: Double
    switch value.value {
    case .integer(let whole): number = Double(whole)
    case .float(let fraction): number = fraction
    default:
      refuse(value, path, "expected seconds as a number, found \(value.value.kindName)")
      return nil
    }
    let most = CommandHandlerSettings.maximumTimeout
    guard number > 0, number <= most else {
      refuse(value, path, "\(number) s is out of range: above 0, up to \(Int(most))")
      return nil
    }
    return .seconds(number)
  }
}
