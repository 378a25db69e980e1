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
      var (crawling, starting) = (Samples(), Samples())
      let samples = try await interleave(
        rounds: rounds,
        [
          { try await computing(&crawling) { try await crawl(tree) } },
          { try await computing(&starting) { try await start(tree) } },
        ])
      report.row(
        "start on \(name)", samples[1].median, floor: samples[0].median, target: .ratio(target))
      report.row("  CPU time of the process", starting.median, floor: crawling.median)
      let growth = try ResidentMemory.growth(watching: tree.root)
      report.row(
        "  resident memory of the watcher", Double(growth), unit: .memory,
        target: folders == 10_000 ? .atMost(25 * 1_048_576) : nil)
    }
  }

  /// Also takes the CPU time of all threads, which on a busy machine says more than the time that passes.
  private static func computing(
    _ samples: inout Samples, _ body: () async throws -> Double
  ) async rethrows -> Double {
    let before = processComputingNanoseconds()
    let time = try await body()
    samples.add(Double(processComputingNanoseconds() - before))
    return time
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
