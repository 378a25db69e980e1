import SystemPackage
import WorkspaceFiles

/// One attempt to read the files that a survey found.
struct ConfigReading {
  /// What came of it.
  enum Outcome {
    case read([(candidate: ConfigCandidate, file: StableFile)])
    /// True of these files, if they did not move meanwhile.
    case failed(ConfigError)
    /// A file is no longer what the survey saw.
    case moved(FilePath)
  }

  let name: String
  let plan: ConfigPlan
  let options: ConfigLoadOptions
  let survey: ConfigSurvey

  init(name: String, plan: ConfigPlan, options: ConfigLoadOptions, survey: ConfigSurvey) {
    self.name = name
    self.plan = plan
    self.options = options
    self.survey = survey
  }

  private var candidates: [ConfigCandidate] { plan.candidates }
  private var root: FilePath { plan.root }

  /// Whether a resolved path may be read or written.
  func isAllowed(_ real: FilePath) -> Bool {
    // What a path without links begins with has no links either, so mostly the root need not be resolved.
    options.allowsLinksOutOfRoot || real.starts(with: root)
      || realRoot.map { real.starts(with: $0) } ?? false
  }

  /// The root with its links resolved; nil while there is no root.
  private var realRoot: FilePath? { try? SystemCalls.realPath(root) }

  /// Reads every layer that there is, in the order they are merged.
  func readAll(before: (FilePath) -> Void) -> Outcome {
    do {
      var files: [(candidate: ConfigCandidate, file: StableFile)] = []
      for index in try choose() {
        before(candidates[index].path)
        guard let file = try read(index) else { return .moved(candidates[index].path) }
        files.append((candidates[index], file))
      }
      return .read(files)
    } catch {
      return .failed(error)
    }
  }

  /// The candidates to read: one base and at most one of each overlay.
  private func choose() throws(ConfigError) -> [Int] {
    let claims = candidates.indices.filter { survey.presences[$0].isClaim }
    let bases = claims.filter { candidates[$0].layer == .base }
    let proper = bases.filter { !candidates[$0].isFallback }
    let overlays = claims.filter { candidates[$0].layer != .base }
    let chosen = proper.isEmpty ? bases : proper
    guard let base = chosen.first else { throw missing(overlays: overlays) }
    guard chosen.count == 1 else {
      throw duplicate(chosen, code: { .duplicateBase($0) }, what: "the base")
    }
    for (index, next) in zip(overlays, overlays.dropFirst())
    where candidates[index].layer == candidates[next].layer {
      let layer = candidates[index].layer
      throw duplicate(
        overlays.filter { candidates[$0].layer == layer }, code: { .duplicateOverlay($0) },
        what: "the \(layer) layer")
    }
    return [base] + overlays
  }

  /// The file that is this layer, be it a link that leads nowhere; nil if there is none.
  func existing(in layer: ConfigLayer) throws(ConfigError) -> Int? {
    let all = candidates.indices.filter {
      candidates[$0].layer == layer && survey.presences[$0] != .absent
    }
    let proper = all.filter { !candidates[$0].isFallback }
    let chosen = proper.isEmpty ? all : proper
    guard chosen.count > 1 else { return chosen.first }
    throw layer == .base
      ? duplicate(chosen, code: { .duplicateBase($0) }, what: "the base")
      : duplicate(chosen, code: { .duplicateOverlay($0) }, what: "the \(layer) layer")
  }

  /// The file; nil if it is no longer what the survey saw.
  private func read(_ index: Int) throws(ConfigError) -> StableFile? {
    let candidate = candidates[index]
    let stamp: FileStamp
    switch survey.presences[index] {
    case .file(let seen, _): stamp = seen
    case .failed(let error): throw unreadable(candidate.path, error)
    case .notAFile(let kind):
      throw ConfigError(
        code: .unreadable, config: name,
        message: kind == .directory ? "is a folder, not a file" : "is no regular file",
        file: candidate.path)
    case .absent, .dangling: return nil
    }
    var outside: FilePath?
    let file: StableFile?
    do {
      let path = root.pushing(candidate.path)
      file = try readStably(path, limit: options.maximumFileSize) { real in
        let isAllowed = isAllowed(real)
        if !isAllowed { outside = real }
        return isAllowed
      }
    } catch {
      switch error {
      case .missing, .notSettled, .notAFile: return nil
      case .tooLarge(_, let size, _): throw tooLarge(candidate.path, size)
      case .unreadable(_, let reason): throw unreadable(candidate.path, reason)
      }
    }
    if let outside { throw .outsideRoot(candidate.path, leadsTo: outside, config: name) }
    return file?.stamp == stamp ? file : nil
  }
}

extension ConfigReading {
  private func missing(overlays: [Int]) -> ConfigError {
    let bases = candidates.filter { $0.layer == .base }
    // The files in config/ are what one would make; those at the root come last.
    let looked = (bases.filter { !$0.isFallback } + bases.filter(\.isFallback))
      .map(\.path.string).joined(separator: ", ")
    var message = "config \(name) not found in \(root); looked for \(looked)"
    if realRoot == nil { message = "config \(name) not found: there is no folder \(root)" }
    for index in candidates.indices where survey.presences[index] == .dangling {
      message += "; \(candidates[index].path) is a link that leads nowhere"
    }
    var advice = ""
    if let overlay = overlays.first {
      message += "; \(candidates[overlay].path) is an overlay, which needs a base"
      advice = "Make one of the files that were looked for; it may be empty."
    }
    return ConfigError(code: .missing, config: name, message: message, advice: advice)
  }

  private func duplicate(
    _ indices: [Int], code: ([FilePath]) -> ConfigError.Code, what: String
  ) -> ConfigError {
    let paths = indices.map { candidates[$0].path }
    let names = paths.map(\.string).joined(separator: " and ")
    return ConfigError(
      code: code(paths), config: name,
      diagnostics: [
        ConfigDiagnostic(
          location: nil, keyPath: "", message: "\(names) all claim to be \(what) of config \(name)")
      ],
      advice: "Keep one of them.")
  }

  private func tooLarge(_ path: FilePath, _ size: Int64) -> ConfigError {
    ConfigError(
      code: .tooLarge, config: name,
      message: "has \(size) bytes; the limit is \(options.maximumFileSize)", file: path,
      advice: "Raise ConfigLoadOptions.maximumFileSize if that is meant to be a config.")
  }

  private func unreadable(_ path: FilePath, _ error: Errno) -> ConfigError {
    ConfigError(
      code: .unreadable, config: name, message: "cannot be read: \(error)", file: path)
  }
}

extension ConfigError {
  static func outsideRoot(
    _ path: FilePath, leadsTo real: FilePath, config: String
  ) -> ConfigError {
    ConfigError(
      code: .outsideRoot, config: config, message: "leads out of the workspace, to \(real)",
      file: path,
      advice: "Set ConfigLoadOptions.allowsLinksOutOfRoot if that is meant.")
  }

  static func unknownFormat(_ fileExtension: String, of path: FilePath) -> ConfigError {
    ConfigError(
      code: .unknownFormat(fileExtension), config: path.string,
      message: fileExtension.isEmpty
        ? "has no extension, so its format is unknown"
        : "\".\(fileExtension)\" is no format that is known",
      file: path,
      advice: "Known extensions are "
        + ConfigFiles.extensions.map(\.name).joined(separator: ", ") + ".")
  }
}
