import Foundation
import HotReloadTesting

/// A single etcd, in a process of its own, whose files are in memory.
final class EtcdProcess {
  /// How often it is asked whether it is there, 20 ms apart.
  private static let attempts = 500

  /// Its client address.
  let endpoint: String
  private let scratch: TemporaryWorkspace
  private let process = Process()

  /// Where etcd is; nil if it is not installed.
  static var binary: String? {
    let named = ProcessInfo.processInfo.environment["HOTRELOAD_ETCD"].map { [$0] } ?? []
    return (named + ["/usr/bin/etcd", "/usr/local/bin/etcd"])
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Starts it, and returns when it answers.
  init(_ binary: String) async throws {
    scratch = try ScratchFolder.make("etcd")
    endpoint = "http://127.0.0.1:23890"
    let peer = "http://127.0.0.1:23891"
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = [
      "--name", "bench", "--data-dir", scratch.root.appending("data").string,
      "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint,
      "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
      "--initial-cluster", "bench=\(peer)",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let raw = RawEtcd(endpoint)
    for attempt in 0... {
      if (try? await raw.put("hotreload-bench/ready", "1")) != nil { break }
      guard process.isRunning, attempt < Self.attempts else {
        throw UsageError(message: "\(binary) does not start on \(endpoint)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    try await raw.close()
  }

  /// Its version, for people.
  static func version(of binary: String) -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = ["--version"]
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil else { return binary }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").first.map(String.init) ?? binary
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}
