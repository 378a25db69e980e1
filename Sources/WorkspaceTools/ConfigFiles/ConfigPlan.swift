import SystemPackage

/// What is known of a config's files without asking the file system: made once a config.
final class ConfigPlan: Sendable {
  /// A path as the C library takes it.
  typealias Text = [CInterop.PlatformChar]

  /// The largest number of plans that a workspace keeps; beyond it, all are forgotten.
  static let maximumKept = 4_096

  let root: FilePath
  /// Where the config may come from, those at the root first, then in the order they are merged.
  let candidates: [ConfigCandidate]
  /// The absolute path of each candidate.
  let paths: [Text]

  init(root: FilePath, candidates: [ConfigCandidate]) {
    self.root = root
    self.candidates = candidates
    paths = candidates.map { Self.text(of: root.pushing($0.path)) }
  }

  private init(root: FilePath, candidates: [ConfigCandidate], paths: [Text]) {
    self.root = root
    self.candidates = candidates
    self.paths = paths
  }

  /// The same with the overlays of variants, in their place.
  func with(_ overlays: [ConfigCandidate]) -> ConfigPlan {
    let place = candidates.firstIndex { $0.layer == .local } ?? candidates.endIndex
    var candidates = candidates
    var paths = paths
    candidates.insert(contentsOf: overlays, at: place)
    paths.insert(contentsOf: overlays.map { Self.text(of: root.pushing($0.path)) }, at: place)
    return ConfigPlan(root: root, candidates: candidates, paths: paths)
  }

  private static func text(of path: FilePath) -> Text {
    path.withPlatformString { text in
      Array(UnsafeBufferPointer(start: text, count: SystemCalls.length(text) + 1))
    }
  }
}

extension Workspace {
  /// The plan for a config whose name was checked.
  func plan(for name: String) -> ConfigPlan {
    box.plans.withLock { plans in
      if let plan = plans[name] { return plan }
      let plan = ConfigPlan(
        root: root, candidates: ConfigFiles.candidates(for: name, in: environment.name))
      if plans.count >= ConfigPlan.maximumKept { plans.removeAll() }
      plans[name] = plan
      return plan
    }
  }
}
