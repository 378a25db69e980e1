import Foundation
import HotReloadTesting
import SystemPackage
import Testing

/// A real nginx under `hotreload run`, in a folder of its own.
@Suite("hotreload run with nginx")
struct NginxTests {
  private let folder: TemporaryWorkspace
  private let port: UInt16

  init() throws {
    folder = try TemporaryWorkspace()
    port = try Self.freePort()
    for name in ["conf", "logs", "html"] { try folder.makeDirectory(FilePath(name)) }
    try write("one")
  }

  /// Not everybody's PATH has the folder where Debian puts it.
  private static let nginx = access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx"

  private func write(_ version: String, more: String = "") throws {
    // Its workers run as the same user, so that they can read the folder.
    let user = getuid() == 0 ? "user root;" : ""
    try folder.replace(
      "conf/nginx.conf",
      """
      daemon off; worker_processes 1; \(user) pid logs/nginx.pid; error_log logs/error.log;
      events { worker_connections 64; }
      http {
        access_log off; client_body_temp_path logs/body; proxy_temp_path logs/proxy;
        fastcgi_temp_path logs/fastcgi; uwsgi_temp_path logs/uwsgi; scgi_temp_path logs/scgi;
        server { listen 127.0.0.1:\(port); location / { return 200 "\(version)"; } \(more) }
      }

      """)
  }

  @Test("A good edit reloads it, a bad one never reaches it, and it answers all the time")
  func reload() async throws {
    let root = folder.root.string
    let process = try CommandProcess(
      [
        "run", "--root", root, "--json", "--include", "conf/**", "--on-change", "signal:HUP",
        "--validate", "\(Self.nginx) -p \(root) -e logs/check.log -t -c {file}", "--",
        Self.nginx, "-p", root, "-e", "logs/error.log", "-c", "conf/nginx.conf",
      ])
    _ = try await process.output.nextObject(event: "started")
    #expect(try await answer(until: "one").last == "one")

    try write("two")
    _ = try await process.output.nextObject(event: "signaled")
    // For a moment the old worker still takes connections.
    #expect(Set(try await answer(until: "two")).isSubset(of: ["one", "two"]))

    try write("three", more: "garbage")
    let failed = try await process.output.nextObject(event: "checkFailed")
    #expect((failed["output"] as? [String])?.contains { $0.contains("emerg") } == true)
    #expect(Set(try await answer(until: "two")).isSubset(of: ["one", "two"]))

    try write("four")
    _ = try await process.output.nextObject(event: "recovered")
    _ = try await process.output.nextObject(event: "signaled")
    #expect(Set(try await answer(until: "four")).isSubset(of: ["one", "two", "four"]))
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }

  /// Asks until that is the answer; gives all answers. Only before the first may nobody listen.
  private func answer(until wanted: String) async throws -> [String] {
    try await onThread("nginx") { [port] in
      let end = ContinuousClock.now + CommandProcess.limit
      var answers: [String] = []
      while ContinuousClock.now < end {
        if let answer = Self.get(port) {
          answers.append(answer)
          if answer == wanted { return answers }
        } else if !answers.isEmpty {
          throw Timeout(what: "an answer of nginx, which had answered before", lines: answers)
        }
        usleep(5_000)
      }
      throw Timeout(what: "the answer \(wanted)", lines: answers)
    }
  }

  /// The body of one request on a connection of its own; nil if there was none.
  private static func get(_ port: UInt16) -> String? {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = address(port)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return nil }
    let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else {
      return nil
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.components(separatedBy: "\r\n\r\n").dropFirst().first
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// A free port that the system gives to nobody who lets it choose, for those are above; nor do other tests here use it.
  /// nginx cannot be asked to pick one.
  private static func freePort() throws -> UInt16 {
    for port in (UInt16(30_000)..<32_000).shuffled() where isFree(port) { return port }
    throw Errno.addressInUse
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = address(port)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
