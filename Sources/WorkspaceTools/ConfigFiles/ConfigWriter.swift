import SystemPackage
import WorkspaceFiles

/// Writes one layer of a config. All functions are blocking.
struct ConfigWriter {
  let loader: ConfigLoader
  let name: String
  let layer: ConfigLayer

  /// A file that can be written.
  struct Destination {
    /// Its path relative to the root, as the user names it.
    var path: FilePath
    /// Its absolute path with all links resolved: a link is written through, not replaced.
    var real: FilePath
    var format: ConfigFormat
    /// The version that is there; nil if there is none yet.
    var stamp: FileStamp?
  }

  init(loader: ConfigLoader, name: String, layer: ConfigLayer) throws(ConfigError) {
    try ConfigName.check(name)
    if let variant = layer.variantName {
      if let problem = VariantName.problem(with: variant) {
        throw ConfigError(code: .invalidName, config: name, message: problem)
      }
    } else if let suffix = layer.suffix, !WorkspaceEnvironment.isValid(name: suffix) {
      throw ConfigError(
        code: .invalidName, config: name,
        message: "\"\(suffix)\" cannot be an environment's name",
        advice: "It becomes part of file names: letters, digits, '-' and '_'.")
    }
    self.loader = loader
    self.name = name
    self.layer = layer
  }

  private var root: FilePath { loader.workspace.root }

  /// The lock that all who read and then write the config hold.
  var lockPath: FilePath {
    loader.workspace.dataDirectory.pushing(FilePath("locks/config/\(name).lock"))
  }

  /// Where the layer is, or would be.
  ///
  /// - Parameter format: what is asked for; nil keeps that of the file that is there, else of the base, else TOML.
  func destination(format: ConfigFormat?) throws(ConfigError) -> Destination {
    let candidates = ConfigFiles.candidates(
      for: name, in: loader.workspace.environment.name, writing: layer)
    let plan = ConfigPlan(root: root, candidates: candidates)
    let survey = ConfigSurvey(plan)
    let reading = ConfigReading(
      name: name, plan: plan, options: loader.options, survey: survey)
    let taken = try reading.existing(in: layer)
    if let index = taken {
      return try existing(candidates[index], survey.presences[index], reading, asked: format)
    }
    let base = layer == .base ? nil : try reading.existing(in: .base)
    return try new(format: format ?? base.map { candidates[$0].format } ?? .toml)
  }

  private func existing(
    _ candidate: ConfigCandidate, _ presence: ConfigSurvey.Presence, _ reading: ConfigReading,
    asked: ConfigFormat?
  ) throws(ConfigError) -> Destination {
    let path = candidate.path
    if let asked, asked != candidate.format {
      throw unwritable(
        path, "is there, and a \(asked.rawValue) file beside it would be a second one",
        advice:
          "Leave the format out to keep \(candidate.format.rawValue), or remove the file first.")
    }
    switch presence {
    case .file(let stamp, _):
      let real: FilePath
      do { real = try SystemCalls.realPath(root.pushing(path)) } catch {
        throw unwritable(path, "cannot be examined: \(error)")
      }
      guard reading.isAllowed(real) else {
        throw .outsideRoot(path, leadsTo: real, config: name)
      }
      return Destination(path: path, real: real, format: candidate.format, stamp: stamp)
    case .dangling: throw unwritable(path, "is a link that leads nowhere")
    case .notAFile: throw unwritable(path, "is no regular file")
    case .failed(let error): throw unwritable(path, "cannot be examined: \(error)")
    case .absent: throw unwritable(path, "is gone")
    }
  }

  /// Where this very file is, or would be.
  func destination(at path: FilePath, format: ConfigFormat) throws(ConfigError) -> Destination {
    let candidate = ConfigCandidate(path: path, layer: layer, format: format)
    let plan = ConfigPlan(root: root, candidates: [candidate])
    let survey = ConfigSurvey(plan)
    guard let presence = survey.presences.first, presence != .absent else {
      return try new(at: path, format: format)
    }
    let reading = ConfigReading(
      name: name, plan: plan, options: loader.options, survey: survey)
    return try existing(candidate, presence, reading, asked: nil)
  }

  private func new(format: ConfigFormat) throws(ConfigError) -> Destination {
    let ending = format.fileExtensions.first ?? format.rawValue
    return try new(
      at: ConfigFiles.path(of: name, layer: layer, fileExtension: ending), format: format)
  }

  private func new(at path: FilePath, format: ConfigFormat) throws(ConfigError) -> Destination {
    let folder = path.removingLastComponent()
    do {
      try checkInside(nearestExisting(root.pushing(folder)), path)
      try SystemCalls.makeDirectory(root.pushing(folder))
      let real = try SystemCalls.realPath(root.pushing(folder))
      try checkInside(real, path)
      guard let file = path.lastComponent else { throw Errno.invalidArgument }
      return Destination(path: path, real: real.appending(file), format: format, stamp: nil)
    } catch let error as ConfigError {
      throw error
    } catch {
      throw unwritable(path, "cannot be made: \(error)")
    }
  }

  /// The nearest folder upward that is there, so that nothing is made behind a link that leads out.
  private func nearestExisting(_ folder: FilePath) throws -> FilePath {
    var folder = folder
    while SystemCalls.kind(of: folder, followLinks: false) == nil, folder != root,
      folder.removeLastComponent()
    {}
    if SystemCalls.kind(of: folder) == nil { try SystemCalls.makeDirectory(folder) }
    return try SystemCalls.realPath(folder)
  }

  private func checkInside(_ real: FilePath, _ path: FilePath) throws {
    if loader.options.allowsLinksOutOfRoot { return }
    guard real.starts(with: try SystemCalls.realPath(root)) else {
      throw ConfigError.outsideRoot(path, leadsTo: real, config: name)
    }
  }

  func unwritable(_ path: FilePath, _ message: String, advice: String = "") -> ConfigError {
    ConfigError(code: .unwritable, config: name, message: message, file: path, advice: advice)
  }

  /// Writes in one step: whoever reads sees the old content or the new.
  func write(_ tree: ConfigTree, to destination: Destination) throws(ConfigError) {
    do {
      try writeAtomically(try destination.format.serialize(tree), to: destination.real)
    } catch let error as ConfigDiagnostic {
      throw ConfigError(code: .unwritable, config: name, diagnostics: [error])
    } catch {
      throw unwritable(destination.path, "cannot be written: \(error)")
    }
  }

  /// A value as a tree.
  func encode<T: Encodable>(_ value: T) throws(ConfigError) -> ConfigTree {
    do { return try ConfigTree.encode(value) } catch {
      throw ConfigError(code: .unwritable, config: name, diagnostics: [error])
    }
  }

  /// Refuses a value that says itself that it makes no sense.
  func validate<T>(_ value: T) throws(ConfigError) {
    guard loader.options.validates else { return }
    try LoadedConfig(
      name: name, tree: ConfigTree(ConfigTable()), layers: [], referencedFiles: [],
      environmentVariables: [], layerTrees: []
    ).validate(value)
  }
}
