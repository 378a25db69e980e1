import HotReload
import Logging
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// A process whose content a ``HotReload/HotReloadManager`` keeps.
final class ManagerHost: FleetHost {
  /// Which error lines of a refused release are told to the fleet.
  static let maximumErrors = 5

  let manager: HotReloadManager
  let store: any FleetStore
  let keys: FleetKeys
  let content: ReleaseContent
  let folder: InstanceFolder
  let scope: BundleScope
  let instance: String
  let healthCheck: (@Sendable (Snapshot) async throws -> Void)?
  let logger: Logger
  let clock = StoreClock.continuous
  /// What the workspace's files had when they were looked at last.
  private let own = Mutex<BundleDigest?>(nil)

  init(
    manager: HotReloadManager, store: any FleetStore, keys: FleetKeys, folders: BundleFolders,
    folder: InstanceFolder, options: FleetOptions
  ) {
    self.manager = manager
    self.store = store
    self.keys = keys
    content = ReleaseContent(folders, store, keys)
    self.folder = folder
    scope = options.scope
    instance = folder.name
    healthCheck = options.healthCheck ?? manager.configuration.healthCheck
    logger = manager.configuration.logger
  }

  // MARK: Content

  func offer(_ encoded: [UInt8]) { content.offer(encoded) }

  func prepareOffers() async { await content.prepareOffers() }

  func validate(_ release: Release) async -> String? {
    do {
      let folder = try await content.folder(of: release.content)
      let found = try await manager.check(content: folder)
      return Self.text(found.sorted { $0.key < $1.key }.flatMap(\.value))
    } catch {
      return "\(error)"
    }
  }

  func apply(_ release: Release) async -> String? {
    do {
      let folder = try await content.folder(of: release.content)
      return try await submit(.folder(folder), release)
    } catch {
      return "\(error)"
    }
  }

  func revert(to release: Release?) async {
    var pause = RetryPause()
    repeat {
      do {
        let place: Candidate.Content =
          if let release { .folder(try await content.folder(of: release.content)) } else {
            .workspace
          }
        guard let failure = try await submit(place, release) else { return }
        logger.error("the way back is refused, and tried again: \(failure)")
      } catch {
        logger.error("the way back failed, and is tried again: \(error)")
      }
    } while await pause.wait(clock)
  }

  private func submit(_ content: Candidate.Content, _ release: Release?) async throws -> String? {
    let name = release.map { "fleet, \($0)" } ?? "fleet"
    let report = try await manager.submit(
      Candidate(producer: .other(name), scope: .everything, content: content))
    // What else is wrong, such as a certificate of this machine, is not the release's fault.
    return report.isContentRefused ? Self.text(report.errors) : nil
  }

  /// What is wrong, without the values that are not for everybody to see; nil if nothing is.
  private static func text(_ errors: [ConfigDiagnostic]) -> String? {
    guard !errors.isEmpty else { return nil }
    let shown = errors.prefix(maximumErrors).map {
      $0.redacted(by: .default).description
    }
    let more = errors.count - shown.count
    return shown.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
  }

  func checkHealth() async -> String? {
    guard let healthCheck else { return nil }
    do {
      try await healthCheck(manager.snapshot())
      return nil
    } catch {
      return "\(error)"
    }
  }

  // MARK: What is kept

  func remember(_ memory: InstanceMemory) async throws {
    try await BlockingExecutor.shared.run { [folder] in try folder.remember(memory) }
  }

  func settle(on memory: InstanceMemory) async {
    await content.prune(keeping: Set([memory.good, memory.attempt].compactMap { $0?.content }))
  }

  // MARK: The workspace's own files

  /// What the workspace's own files have now; nil if that cannot be a bundle, which is logged.
  func lookAtFiles() async -> ContentBundle? {
    do {
      let bundle = try await ContentBundle.gather(from: manager.workspace, scope: scope)
      own.withLock { $0 = bundle.digest }
      return bundle
    } catch {
      if error.code != .empty, !Task.isCancelled {
        logger.warning("the workspace's files cannot be proposed to the fleet: \(error)")
      }
      own.withLock { $0 = nil }
      return nil
    }
  }

  func propose(_ content: BundleDigest) async -> String? {
    var pause = RetryPause()
    let client = FleetClient(store, fleet: keys.prefix)
    repeat {
      guard own.withLock({ $0 }) == content, let bundle = await lookAtFiles(),
        bundle.digest == content
      else { return nil }
      do {
        let proposal = try await client.propose(bundle, by: instance)
        return await refusal(of: proposal, client)
      } catch {
        logger.warning("the change could not be proposed, and is tried again: \(error)")
      }
    } while await pause.wait(clock)
    return nil
  }

  /// Why the controller refuses a proposal; nil once it does not, or somebody else's has taken its place.
  private func refusal(of proposal: Proposal, _ client: FleetClient) async -> String? {
    do {
      for try await state in client.progress(of: proposal) {
        if case .waiting = state { continue }
        if case .refused(let reason) = state { return reason }
        return nil
      }
    } catch {}
    return nil
  }
}
