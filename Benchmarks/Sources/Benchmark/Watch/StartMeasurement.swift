import FileWatching
import Foundation

extension Measurement {
  /// How long a watcher takes until it knows everything, and what that costs in memory.
  static let start = Measurement(
    name: "start",
    purpose: "until a tree is watched and known; floor: inotify_add_watch + getdents, no stat"
  ) { report, scale in
    for (folders, rounds, target) in [(1_000, scale.count(15), 1.5), (10_000, scale.count(5), 1.2)]
    {
      let tree = try FolderTree(folders: folders)
      let name = "\(folders) folders x \(FolderTree.filesPerFolder) files"
      // On a machine of which others use a part, the fastest rounds say most; but medians are comparable.
      let samples = try await interleave(
        rounds: rounds,
        [{ try await crawl(tree) }, { try await start(tree) }])
      report.row(
        "start on \(name)", samples[1].median, floor: samples[0].median, target: .ratio(target))
      report.row(
        "  the fastest of \(rounds)", samples[1].percentile(0), floor: samples[0].percentile(0))
      let growth = try ResidentMemory.growth(watching: tree.root)
      report.row(
        "  resident memory of the watcher", Double(growth), unit: .memory,
        target: folders == 10_000 ? .atMost(25 * 1_048_576) : nil)
    }
  }

  private static func crawl(_ tree: FolderTree) async throws -> Double {
    let root = tree.root
    return try await onThread {
      let start = monotonicNanoseconds()
      let crawl = try PlainCrawl.run(root)
      let time = monotonicNanoseconds() - start
      close(crawl.descriptor)
      return Double(time)
    }
  }

  private static func start(_ tree: FolderTree) async throws -> Double {
    let start = monotonicNanoseconds()
    let watcher = try await FileWatcher.start(root: tree.root, subscriptions: [.init()])
    let time = monotonicNanoseconds() - start
    let status = try await watcher.status()
    await watcher.stop()
    guard status.files == tree.folders * FolderTree.filesPerFolder else {
      throw WrongResult(message: "\(status.files) files are known")
    }
    return Double(time)
  }
}

/// Something did not only take time but went wrong, so that there is nothing to measure.
struct WrongResult: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}
