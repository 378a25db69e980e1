import Foundation

/// A server as a child process, whose output is thrown away.
final class ServerProcess {
  /// How long it may take to end after SIGTERM, before it is killed.
  static let endLimit = 10.0

  private let process: Process

  init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    process = try start(program, arguments, environment)
  }

  func end() {
    process.terminate()
    let deadline = Date(timeIntervalSinceNow: Self.endLimit)
    while process.isRunning && Date() < deadline { sleepThread(microseconds: 5_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}

private func start(
  _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
) throws -> Process {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  try process.run()
  return process
}

/// Whether a program of this name can be started.
func isInstalled(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}

/// Runs a program and waits for its good end.
func runToEnd(_ program: String, _ arguments: [String]) throws {
  let process = try start(program, arguments)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw LoadFailure("\(program) ended with \(process.terminationStatus)")
  }
}

/// Sends bytes to a port of this machine and reads until the other end closes.
func exchange(_ bytes: Data, port: UInt16) throws -> String {
  let descriptor = try connectedSocket(port)
  defer { close(descriptor) }
  var rest = bytes
  while !rest.isEmpty {
    let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
    guard sent > 0 else { throw LoadFailure("send: errno \(errno)") }
    rest = rest.dropFirst(sent)
  }
  var answer: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4_096)
  while true {
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
    answer += chunk[..<count]
  }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}

private func connectedSocket(_ port: UInt16) throws -> CInt {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  var address = loopback(port)
  let result = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard result == 0 else {
    let number = errno
    close(descriptor)
    throw LoadFailure("connect to \(port): errno \(number)")
  }
  return descriptor
}

/// Waits until somebody answers at a port.
func waitForPort(_ port: UInt16) throws {
  let deadline = monotonicNanoseconds() + 15_000_000_000
  while true {
    do { return close(try connectedSocket(port)) == 0 ? () : () } catch {
      if monotonicNanoseconds() > deadline { throw error }
      sleepThread(microseconds: 500)
    }
  }
}

/// A port that is free at the moment.
func freePort() throws -> UInt16 {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(0)
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  guard isBound else { throw LoadFailure("no free port: errno \(errno)") }
  return UInt16(bigEndian: address.sin_port)
}
