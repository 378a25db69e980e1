import Foundation
import RawHTTP
import SystemPackage

/// `hotreload serve --json` as a child process, on a port that the system chose.
struct ServingProcess: Sendable {
  let process: CommandProcess
  /// What it said of its start.
  let url: String
  let port: Int

  /// Returns when it listens. `command` is what is started instead of `hotreload`.
  init(
    _ root: FilePath, _ options: [String] = [], command: [String]? = nil
  ) async throws {
    let arguments = ["serve", "--json", "--port", "0", "--root", root.string] + options
    process = try CommandProcess(
      arguments, command: command ?? [CommandProcess.path(of: "hotreload")])
    let serving = try await process.output.nextObject(event: "serving")
    url = serving.string("url") ?? ""
    port = Int(url.split(separator: ":").last?.dropLast() ?? "") ?? 0
  }

  /// The whole answer to a request on a connection of its own, head and chunks as they came.
  func page(_ target: String = "/") async throws -> String {
    try await Self.page(target, port: port)
  }

  static func page(_ target: String = "/", port: Int) async throws -> String {
    try await RawClient.talk(port) { client in
      try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      return try client.receiveAll()
    }
  }

  /// Ends it as a terminal does, and gives its exit code.
  func end(by signal: CInt = SIGINT) async throws -> CInt {
    process.signal(signal)
    return try await process.exitCode()
  }

  /// An open socket of live reload that has read its hello.
  func socket() async throws -> RawClient {
    let page = try await page()
    guard let start = page.firstRange(of: "data-hotreload=\"")?.upperBound else {
      throw ClientFailure("no token in \(page.prefix(400))")
    }
    let token = page[start...].prefix { $0 != "\"" }
    return try await RawClient.talk(port) { client in
      try client.upgrade("/_hotreload/socket?token=\(token)")
      let hello = try client.receiveText()
      guard hello.contains(#""type":"hello""#) else { throw ClientFailure(hello) }
      return client
    }
  }
}

/// A port of this machine that nobody else gets, for a program that listens with `SO_REUSEPORT`.
final class ReservedPort: Sendable {
  private let descriptor: CInt
  let number: Int

  init() throws {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var isOn: CInt = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEPORT, &isOn, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
      }
    }
    self.descriptor = descriptor
    number = Int(UInt16(bigEndian: address.sin_port))
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(descriptor) }
}
