import FileWatching
import Foundation
import SystemPackage

/// What a watcher adds to the resident memory of a process that did nothing before.
///
/// It is measured in a child, because what the other rounds leave in the allocator would be used again here.
enum ResidentMemory {
  /// The argument that makes this program the child.
  static let childArgument = "resident-memory"

  /// Bytes by which `VmRSS` grows when a watcher starts on a folder. Blocks for as long as that takes.
  static func growth(watching root: FilePath) throws -> Int {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [childArgument, root.string]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self)
    guard let growth = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw WrongResult(message: "the child that measures memory said '\(text)'")
    }
    return growth
  }

  /// What the child does: prints the growth.
  static func runChild(_ arguments: [String]) async throws {
    guard let root = arguments.first else { throw UsageError(message: "no folder was given") }
    let before = try resident()
    let watcher = try await FileWatcher.start(root: FilePath(root), subscriptions: [.init()])
    let after = try resident()
    await watcher.stop()
    print(after - before)
  }

  /// `VmRSS` of this process, in bytes.
  static func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw WrongResult(message: "/proc/self/status has no VmRSS")
    }
    return kilobytes * 1_024
  }
}
