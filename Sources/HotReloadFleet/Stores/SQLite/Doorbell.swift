import FileWatching
import Logging
import Synchronization
import SystemPackage

/// A file beside a store that each commit writes to, so that the watches of other processes hear of it at once.
///
/// It carries nothing that matters: who hears it looks into the store, and who does not looks there from time to time.
final class Doorbell: Sendable {
  private enum Listening {
    case no
    case starting
    case yes(FileWatcher?)
    case ended
  }

  private let path: FilePath
  private let logger: Logger
  private let heard: ChangeSignal
  private let listening = Mutex(Listening.no)

  init(_ path: FilePath, _ heard: ChangeSignal, _ logger: Logger) {
    self.path = path
    self.heard = heard
    self.logger = logger
  }

  /// Tells other processes. Blocks for a write to the page cache.
  func ring(_ number: Int64) {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
      defer { try? file.close() }
      try withUnsafeBytes(of: number.littleEndian) {
        _ = try file.writeAll(toAbsoluteOffset: 0, $0)
      }
    } catch {
      logger.debug(
        "the fleet's doorbell cannot be rung; other processes look by themselves",
        metadata: ["path": "\(path)", "error": "\(error)"])
    }
  }

  /// Listens to other processes, if it does not yet.
  func listen() async {
    let isFirst = listening.withLock { state in
      guard case .no = state else { return false }
      state = .starting
      return true
    }
    guard isFirst else { return }
    var watcher: FileWatcher?
    do {
      watcher = try await FileWatcher.start(
        root: path.removingLastComponent(),
        subscriptions: [
          FileWatcher.Subscription(
            include: [], demanded: path.lastComponent.map { [FilePath($0.string)] } ?? [],
            quietPeriod: .zero, observer: { [heard] _ in heard.ring() })
        ])
    } catch {
      logger.warning(
        "the fleet's doorbell cannot be heard; the store is looked at from time to time",
        metadata: ["path": "\(path)", "error": "\(error)"])
    }
    let started = watcher
    let isWanted = listening.withLock { state in
      guard case .starting = state else { return false }
      state = .yes(started)
      return true
    }
    if !isWanted { await watcher?.stop() }
    heard.ring()
  }

  func stop() async {
    let watcher = listening.withLock { state -> FileWatcher? in
      defer { state = .ended }
      guard case .yes(let watcher) = state else { return nil }
      return watcher
    }
    await watcher?.stop()
  }
}
