import Configuration
import HotReload
import HotReloadConfigProvider
import HotReloadTesting
import Logging
import SystemPackage
import WorkspaceTools

/// What a config is written in. A value of one line is written alike in all three.
enum Format: String, CaseIterable {
  case json, toml, yaml

  var path: FilePath { FilePath("config/app.\(rawValue)") }

  /// A document with these keys, each with its value as text.
  func document(_ entries: [(key: String, value: String)]) -> String {
    switch self {
    case .json:
      let lines = entries.map { "  \"\($0.key)\": \($0.value)" }
      return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    case .toml: return entries.map { "\($0.key) = \($0.value)\n" }.joined()
    case .yaml: return entries.map { "\($0.key): \($0.value)\n" }.joined()
    }
  }

  /// A document with one key, `value`.
  func document(_ value: String) -> String { document([("value", value)]) }

  /// The column of the value in the line of `value`.
  var valueColumn: Int {
    switch self {
    case .json: 12
    case .toml: 9
    case .yaml: 8
    }
  }

  /// The line of the first key.
  var firstLine: Int { self == .json ? 2 : 1 }

  /// What is no document in any way.
  static let broken = "{ = : ["
}

/// A workspace with one config, `app`, and a real manager that watches it.
struct ProviderFixture {
  let folder: TemporaryWorkspace
  let workspace: Workspace
  let manager: HotReloadManager
  let format: Format

  init(
    _ format: Format, _ document: String, others: [FilePath: String] = [:],
    variables: [String: String]? = nil
  ) async throws {
    self.format = format
    folder = try TemporaryWorkspace()
    try folder.write(format.path, document)
    for (path, text) in others { try folder.write(path, text) }
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    var configuration = HotReloadConfiguration(quietPeriod: .zero, logger: silent)
    if let variables {
      configuration.loadOptions = ConfigLoadOptions(
        environmentVariables: true, processEnvironment: variables)
    }
    manager = try await workspace.startHotReload(configuration: configuration)
  }

  func provider(
    secrets: HotReloadConfigProvider.Secrets = .rules(.default)
  ) async throws -> HotReloadConfigProvider {
    try await HotReloadConfigProvider(manager: manager, config: "app", secrets: secrets)
  }

  func reader() async throws -> ConfigReader {
    ConfigReader(provider: try await provider())
  }

  /// Replaces the config as a good editor does, and waits until that is accepted or refused.
  func save(_ document: String) async throws {
    try folder.replace(format.path, document)
    try await manager.sync()
  }

  /// The same for a document with one key, `value`.
  func save(value: String) async throws {
    try await save(format.document(value))
  }

  func end() async throws {
    try await manager.shutdown()
  }
}

extension AsyncIteratorProtocol {
  /// The next element, without leaving the caller's isolation.
  mutating func following(
    isolation: isolated (any Actor)? = #isolation
  ) async throws(Failure) -> Element? {
    try await next(isolation: isolation)
  }
}

extension Result<LookupResult, any Error> {
  /// The value's content; nil for an absent value and for a failure.
  var content: ConfigContent? { (try? get())?.value?.content }

  var error: (any Error)? {
    if case .failure(let error) = self { error } else { nil }
  }
}
