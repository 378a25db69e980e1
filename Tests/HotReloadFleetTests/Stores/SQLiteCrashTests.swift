import Foundation
import Glibc
import HotReloadFleet
import HotReloadTesting
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(2))) struct SQLiteCrashTests {
  @Test func `What was acknowledged is there, whole, after the process was killed`() async throws {
    let folder = try TemporaryWorkspace()
    let file = folder.root.appending("fleet.sqlite")
    for round in 1...5 {
      let acknowledged = try run(on: file, until: round * 7)
      let store = try await SQLiteStore.open(file)
      let left = try await store.read("left")
      let right = try await store.read("right")
      let number = try #require(left.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) })
      #expect(number == acknowledged || number == acknowledged + 1)
      #expect(left?.value == right?.value)
      #expect(left?.modRevision == right?.modRevision)
      await store.close()
    }
  }

  /// Kills the process in the midst of its commits after it has printed so many lines.
  /// - Returns: the last number that it has printed.
  private func run(on file: FilePath, until count: Int) throws -> Int {
    let process = Process()
    process.executableURL = Foundation.Bundle.main.executableURL?.deletingLastPathComponent()
      .appendingPathComponent("StoreProcess")
    if let url = process.executableURL, !FileManager.default.isExecutableFile(atPath: url.path) {
      process.executableURL = URL(fileURLWithPath: ".build/debug/StoreProcess")
    }
    process.arguments = [file.string]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var bytes = Data()
    while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      bytes += more
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    bytes += output.fileHandleForReading.readDataToEndOfFile()
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.last.flatMap { Int($0) } ?? 0
  }
}
