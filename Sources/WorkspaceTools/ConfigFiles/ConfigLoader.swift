public import SystemPackage
import WorkspaceFiles

/// Finds, reads and merges the files of configs.
///
/// All functions that touch files are blocking: call them on a thread of your own or through
/// `BlockingExecutor`, or use ``Workspace/loadConfig(_:as:)`` and its like, which do.
public struct ConfigLoader: Sendable {
  /// How often the files are read at most, if they change while they are read.
  public static let maximumAttempts = 12
  /// The longest time between two attempts, in milliseconds: they wait 1, 2, 4, 8, 16, 16, … ms.
  public static let maximumRetryWait = 16

  /// The workspace whose configs are loaded.
  public let workspace: Workspace
  /// How they are loaded.
  public let options: ConfigLoadOptions
  /// Where the relative paths of `${file:…}` start; nil for the workspace's root.
  var interpolationRoot: FilePath?
  /// Where tests step in between two steps of a load.
  package var hooks = Hooks()

  /// Called between the steps of a load, with the attempt's number from 0.
  package struct Hooks: Sendable {
    /// After it was seen which files there are.
    package var didSurvey: (@Sendable (_ attempt: Int) -> Void)?
    /// Before each file is read.
    package var willRead: (@Sendable (_ attempt: Int, _ path: FilePath) -> Void)?
  }

  /// A loader for the configs of `workspace`.
  ///
  /// - Parameter options: nil for those of the workspace.
  public init(workspace: Workspace, options: ConfigLoadOptions? = nil) {
    self.workspace = workspace
    self.options = options ?? workspace.loadOptions
  }

  /// The same loader for files in a folder that is laid out as a workspace. What the environment puts into them, and the files
  /// that they name by `${file:…}`, are still those of the workspace.
  package func reading(from folder: FilePath, of workspace: Workspace) -> ConfigLoader {
    var loader = ConfigLoader(workspace: workspace.rooted(at: folder), options: options)
    loader.interpolationRoot = workspace.root
    loader.hooks = hooks
    return loader
  }

  /// Every file that config `name` may come from in this environment, in the order they are merged, whether
  /// they exist or not, except for the overlays of variants. Empty if the name cannot be a config's name. Touches no file.
  public func candidates(for name: String) -> [ConfigCandidate] {
    guard ConfigName.isValid(name) else { return [] }
    return workspace.plan(for: name).candidates
  }

  /// Which config of this environment a file belongs to, by its path relative to the root. Touches no file.
  ///
  /// - Returns: nil for what is no config file, and for a file of another environment's layer:
  ///   `config/app.staging.toml` belongs to nothing while the environment is `production`. What has an `@` in its name is
  ///   a variant's overlay, even if what follows cannot be a variant's name.
  public func configName(of path: FilePath) -> (name: String, layer: ConfigLayer)? {
    guard let parsed = ConfigFiles.parse(path) else { return nil }
    let own = ConfigLayer(suffix: parsed.suffix)
    if own.variantName != nil { return (parsed.name, own) }
    let layers = ConfigFiles.layers(in: workspace.environment.name)
    guard let layer = layers.first(where: { $0.suffix == parsed.suffix }) else { return nil }
    return (parsed.name, layer)
  }

  /// Loads a config: reads every layer that there is, checks that nothing moved meanwhile, and merges them.
  ///
  /// Blocking, for the files' reading and at most some 130 ms of waiting.
  ///
  /// - Throws: ``ConfigError``. `missing` if there is no base file, whatever overlays there are.
  public func load(_ name: String) throws(ConfigError) -> LoadedConfig {
    try ConfigName.check(name)
    let files = try read(name) { () throws(ConfigError) in try plan(for: name) }
    return try ConfigAssembly(loader: self, name: name).assemble(files)
  }

  /// Where the config may come from, with the overlays of variants that there are now.
  func plan(for name: String) throws(ConfigError) -> ConfigPlan {
    let plan = workspace.plan(for: name)
    let overlays = try workspace.box.variants.overlays(of: name, in: workspace.root)
    return overlays.isEmpty ? plan : plan.with(overlays)
  }

  /// Loads one file, whatever its name, without overlays. Blocking.
  ///
  /// - Parameter path: relative to the root.
  /// - Throws: ``ConfigError``; `unknownFormat` if the extension is of no format that is known.
  public func loadFile(_ path: FilePath) throws(ConfigError) -> LoadedConfig {
    let fileExtension = path.extension ?? ""
    guard let format = ConfigFormat(fileExtension: fileExtension) else {
      throw .unknownFormat(fileExtension, of: path)
    }
    guard !path.isAbsolute, !path.components.contains(where: { $0.kind == .parentDirectory }) else {
      throw ConfigError(
        code: .outsideRoot, config: path.string,
        message: "the path is absolute, or has \"..\" in it",
        file: path, advice: "Give a path relative to \(workspace.root).")
    }
    return try loadFile(path, named: path.string, format: format)
  }

  func loadFile(
    _ path: FilePath, named name: String, format: ConfigFormat
  ) throws(ConfigError) -> LoadedConfig {
    let candidate = ConfigCandidate(path: path, layer: .base, format: format)
    let plan = ConfigPlan(root: workspace.root, candidates: [candidate])
    let files = try read(name) { () throws(ConfigError) in plan }
    return try ConfigAssembly(loader: self, name: name, isWhole: false).assemble(files)
  }

  /// Reads every layer that there is, and checks that nothing moved meanwhile.
  ///
  /// - Parameter plan: tells where they may be; asked before and after the files are read.
  func read(
    _ name: String, by plan: () throws(ConfigError) -> ConfigPlan
  ) throws(ConfigError) -> [(candidate: ConfigCandidate, file: StableFile)] {
    let planNow = plan
    var moved: FilePath?
    for attempt in 0..<Self.maximumAttempts {
      if attempt > 0 {
        SystemCalls.wait(milliseconds: min(1 << (attempt - 1), Self.maximumRetryWait))
      }
      let plan = try planNow()
      let survey = ConfigSurvey(plan)
      hooks.didSurvey?(attempt)
      let reading = ConfigReading(name: name, plan: plan, options: options, survey: survey)
      let outcome = reading.readAll { hooks.willRead?(attempt, $0) }
      let after = ConfigSurvey(try planNow())
      switch outcome {
      case .moved(let path): moved = path
      case _ where after != survey:
        moved = survey.firstDifference(from: after) ?? moved
      case .failed(let error): throw error
      case .read(let files): return files
      }
    }
    throw ConfigError(
      code: .notSettled, config: name,
      message: "the file changed each time it was read, \(Self.maximumAttempts) times",
      file: moved, advice: "Wait until what writes it is done.")
  }
}
