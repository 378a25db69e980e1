import SystemPackage
import WorkspaceFiles

/// Which events somebody wants: a glob for the paths of files, which for a config's events is matched against
/// each file that the config was read from, and against its name. `**` matches every event.
struct EventPattern: Sendable {
  private let glob: Glob
  private let isEverything: Bool

  init(_ pattern: String) throws(HotReloadError) {
    do {
      glob = try Glob(pattern)
    } catch {
      throw HotReloadError(
        code: .invalidPattern, message: "the pattern \(pattern) is malformed: \(error)")
    }
    isEverything = pattern == "**"
  }

  func matches(_ event: PublishedEvent) -> Bool {
    if isEverything || event.paths.contains(where: glob.matches) { return true }
    return event.event.configName.map { glob.matches(FilePath($0)) } ?? false
  }
}
