import Dispatch
import Foundation
import Synchronization

/// The server as a child process, and everything it says.
final class ServerProcess: Sendable {
  /// The last lines that are kept.
  static let maximumLines = 10_000
  /// How long the server may take to end after SIGTERM.
  static let endLimit = Duration.seconds(20)

  private let process: Process
  private let lines: Mutex<[String]>
  private let readers = DispatchGroup()

  /// Starts the server; its lines are collected from now on.
  init(binary: String, arguments: [String]) throws {
    process = Process()
    lines = Mutex([])
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let descriptor = dup(output.fileHandleForReading.fileDescriptor)
    DispatchQueue(label: "server's lines").async(group: readers) { self.collect(descriptor) }
  }

  var isRunning: Bool { process.isRunning }

  /// How many lines there were so far.
  var lineCount: Int { lines.withLock { $0.count } }

  /// The first line from the one with number `start` that fits.
  func line(from start: Int = 0, where fits: (String) -> Bool) -> String? {
    lines.withLock { $0.dropFirst(start).first(where: fits) }
  }

  /// The last lines, for a report of a failure.
  var lastLines: [String] { lines.withLock { $0.suffix(20) } }

  /// Asks the server to end, waits until it did, and gives its exit status.
  func end() throws -> Int32 {
    process.terminate()
    do {
      try waitFor("the server ends after SIGTERM") { process.isRunning ? nil : () }
    } catch {
      kill()
      throw error
    }
    _ = readers.wait(timeout: .now() + .seconds(5))
    guard process.terminationReason == .exit else {
      throw BrokenPromise("the server was killed by signal \(process.terminationStatus)")
    }
    return process.terminationStatus
  }

  /// Ends the server without asking.
  func kill() {
    if process.isRunning { _ = Glibc.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  private func collect(_ descriptor: CInt) {
    defer { close(descriptor) }
    var rest: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      rest += chunk[..<count]
      while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: rest[..<newline], as: UTF8.self)
        rest.removeFirst(newline + 1)
        lines.withLock { if $0.count < Self.maximumLines { $0.append(line) } }
      }
    }
  }
}
