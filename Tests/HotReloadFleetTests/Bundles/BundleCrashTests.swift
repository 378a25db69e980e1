import Foundation
import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(2))) struct BundleCrashTests {
  @Test
  func `A process that is killed while it stores leaves whole bundles, and the next one tidies up`()
    async throws
  {
    let place = try TemporaryWorkspace()
    let folders = BundleFolders(at: place.root.appending("bundles"))
    var seen = 0
    for round in 1...6 {
      let (process, output) = try start(["bundles", folders.root.string])
      let lines = try read(output, lines: round * 3)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let digests = lines.map { BundleDigest(rawValue: $0) }
      #expect(digests.count >= round * 3)
      for digest in digests { #expect(try await folders.folder(of: digest) != nil) }
      for name in SystemCalls.names(in: folders.root) where BundleDigest.isSHA256(name) {
        seen += 1
        #expect(try await folders.folder(of: BundleDigest(rawValue: name)) != nil)
      }
      await folders.prune(keeping: [])
      #expect(SystemCalls.names(in: folders.root).isEmpty)
    }
    #expect(seen > 60)
  }

  @Test func `Two processes that store the same bundles in one folder do not disturb each other`()
    async throws
  {
    let place = try TemporaryWorkspace()
    let folders = BundleFolders(at: place.root.appending("bundles"))
    let processes = try (0..<2).map { _ in try start(["bundles", folders.root.string]) }
    var lines: [[String]] = []
    for (_, output) in processes { lines.append(try read(output, lines: 40)) }
    for (process, _) in processes {
      #expect(process.isRunning)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(lines[0].prefix(40) == lines[1].prefix(40))
    for digest in lines.joined() {
      #expect(try await folders.folder(of: BundleDigest(rawValue: digest)) != nil)
    }
    await folders.prune(keeping: Set(lines.joined().map(BundleDigest.init(rawValue:))))
    #expect(SystemCalls.names(in: folders.root).allSatisfy { BundleDigest.isSHA256($0) })
  }

  /// A file system of 1 MiB, which no other process sees.
  static let canMount =
    (try? run("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status) == 0

  @Test(.enabled(if: canMount, "needs the right to mount a file system"))
  func `A full disk is told, and nothing is half there`() throws {
    let place = try TemporaryWorkspace()
    let folder = place.root.string
    let script =
      "mount -t tmpfs -o size=1m none \(folder) && exec \(Self.program) full \(folder)/bundles"
    let result = try Self.run("unshare", ["-m", "sh", "-c", script])
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "noSpace")
    // What was there before is there and whole, and beside it is nothing.
    #expect(lines.dropFirst() == ["whole"])
  }

  private static var program: String {
    let beside = Foundation.Bundle.main.executableURL?.deletingLastPathComponent()
      .appendingPathComponent("StoreProcess").path
    if let beside, FileManager.default.isExecutableFile(atPath: beside) { return beside }
    return FileManager.default.currentDirectoryPath + "/.build/debug/StoreProcess"
  }

  private func start(_ arguments: [String]) throws -> (Process, Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    return (process, output)
  }

  private func read(_ output: Pipe, lines count: Int) throws -> [String] {
    var bytes = Data()
    while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      bytes += more
    }
    let whole = bytes[..<(bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex)]
    return String(decoding: whole, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func run(
    _ program: String, _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
  }
}
