import Glibc
import HotReloadTesting
import SystemPackage
import Testing

@testable import HotReloadProcess

@Suite("Telling systemd")
struct SystemdNotifierTests {
  @Test(
    "Messages reach a socket with a path and one with an abstract name", arguments: [false, true])
  func messages(isAbstract: Bool) throws {
    let folder = try TemporaryWorkspace()
    let name =
      isAbstract
      ? "@hotreload-test-\(getpid())-\(UInt32.random(in: 0 ... .max))" : folder.path("s").string
    let socket = try Listener(name)
    let notifier = try #require(SystemdNotifier(socket: name))
    notifier.ready(status: "two\nlines")
    #expect(socket.next() == "READY=1\nSTATUS=two lines")
    let before = Listener.monotonicMicroseconds()
    notifier.reloading()
    let lines = socket.next().split(separator: "\n")
    #expect(lines.first == "RELOADING=1")
    let time = lines.last.flatMap { Int64($0.dropFirst("MONOTONIC_USEC=".count)) } ?? 0
    #expect((before...Listener.monotonicMicroseconds()).contains(time))
    notifier.stopping()
    #expect(socket.next() == "STOPPING=1")
    notifier.status(String(repeating: "é", count: 2_000))
    #expect(socket.next().utf8.count == "STATUS=".count + SystemdNotifier.maximumStatusLength)
  }

  @Test("What names no socket is nobody to tell, and nobody there is no error")
  func nobody() {
    for name in ["", "@", "relative", "/" + String(repeating: "x", count: 200), "vsock:2:1"] {
      #expect(SystemdNotifier(socket: name) == nil)
    }
    SystemdNotifier(socket: "/nonexistent/socket")?.ready()
  }
}

/// The other end, as systemd has it.
private final class Listener: Sendable {
  private let descriptor: CInt

  init(_ name: String) throws {
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
    let length = socklen_t(offset + bytes.count + (bytes[0] == 0 ? 0 : 1))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(descriptor) }

  /// A datagram to a Unix socket is there when the sender's call has returned.
  func next() -> String {
    var bytes = [UInt8](repeating: 0, count: 8_192)
    let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  static func monotonicMicroseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
  }
}
