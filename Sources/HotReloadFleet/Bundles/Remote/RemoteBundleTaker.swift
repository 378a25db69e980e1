import HotReload
import SystemPackage
import WorkspaceTools

/// Has a manager take the bundles of a server, each on trial for as long as a bake lasts.
struct RemoteBundleTaker: Sendable {
  /// Why a bundle is not in force, for people.
  struct Refusal: Error, CustomStringConvertible {
    var description: String
  }

  /// How long a health check may take.
  static let healthCheckLimit = Duration.seconds(5)

  let manager: HotReloadManager
  let bake: Duration
  let healthCheck: (@Sendable (Snapshot) async throws -> Void)?
  let interval: Duration
  let clock: any Clock<Duration>

  /// Puts a bundle in force.
  /// - Throws: ``Refusal``; ``RemoteBundleDeferral`` while the manager is paused; `CancellationError`.
  @Sendable func take(_ bundle: ContentBundle, _ folder: FilePath) async throws {
    let before = manager.contentFolder
    try await submit(.folder(folder), "remote, bundle \(bundle.digest.rawValue.prefix(12))")
    guard let problem = try await trial() else { return }
    do {
      try await submit(before.map { .folder($0) } ?? .workspace, "remote, back")
    } catch {
      throw Refusal(
        description:
          "it is not healthy (\(problem)), and what was in force before cannot be so again: \(error)"
      )
    }
    throw Refusal(
      description: "it is not healthy, and what was in force before is so again: \(problem)")
  }

  private func submit(_ content: Candidate.Content, _ producer: String) async throws {
    let report: ReloadReport
    do {
      report = try await manager.submit(
        Candidate(producer: .other(producer), scope: .everything, content: content))
    } catch let error as HotReloadError where error.code == .paused {
      throw RemoteBundleDeferral("\(error)")
    } catch let error as HotReloadError where error.code == .shutDown {
      throw CancellationError()
    }
    // What else is wrong, such as a certificate of this machine, is not the bundle's fault.
    guard report.isContentRefused else { return }
    throw Refusal(
      description: report.errors.map { $0.redacted(by: .default).description }
        .joined(separator: "; "))
  }

  /// Asks for the health at the begin of the bake, in its course and at its end.
  /// - Returns: what is wrong; nil if nothing is.
  private func trial() async throws -> String? {
    guard let healthCheck else { return nil }
    var left = bake
    while true {
      if let problem = try await ask(healthCheck) { return problem }
      guard left > .zero else { return nil }
      try await clock.sleep(for: min(interval, left))
      left -= min(interval, left)
    }
  }

  private func ask(
    _ healthCheck: @escaping @Sendable (Snapshot) async throws -> Void
  ) async throws -> String? {
    let manager = manager
    let problem = await withTaskGroup(of: String?.self) { group in
      group.addTask {
        do {
          try await healthCheck(manager.snapshot())
          return nil
        } catch {
          return "\(error)"
        }
      }
      group.addTask {
        try? await Task.sleep(for: Self.healthCheckLimit)
        return "the health check did not answer within \(Self.healthCheckLimit)"
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    try Task.checkCancellation()
    return problem
  }
}
