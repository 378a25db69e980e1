import Glibc
import Synchronization

/// A program behind a proxy, which does with each connection exactly what a test says.
final class ScriptedUpstream: Sendable {
  private struct Record {
    var wires: [Wire] = []
    var failures: [String] = []
  }

  let port: Int
  private let listener: CInt
  private let record = Mutex(Record())

  private init(port wanted: Int) throws {
    let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var yes: CInt = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
    guard withLoopback(wanted, { bind(listener, $0, $1) }) == 0, listen(listener, 128) == 0 else {
      Glibc.close(listener)
      throw WireFailure("cannot listen: errno \(errno)")
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { Glibc.close(listener) }

  /// How many connections there have been.
  var connections: Int { record.withLock { $0.wires.count } }

  /// Runs the program while the body runs.
  /// - Parameters:
  ///   - port: where it listens; 0 for any.
  ///   - serve: what it does with a connection, which is closed when it returns.
  static func run<R: Sendable>(
    port: Int = 0, _ serve: @escaping @Sendable (Wire) throws -> Void,
    while body: (ScriptedUpstream) async throws -> R
  ) async throws -> R {
    let upstream = try ScriptedUpstream(port: port)
    async let serving: Void = upstream.accept(serve)
    let result: Result<R, any Error>
    do { result = .success(try await body(upstream)) } catch { result = .failure(error) }
    upstream.end()
    await serving
    return try result.get()
  }

  private func accept(_ serve: @escaping @Sendable (Wire) throws -> Void) async {
    await withDiscardingTaskGroup { group in
      while let wire = try? await Wire.blocking({ try self.next() }) {
        group.addTask {
          try? await Wire.blocking {
            defer { wire.cut() }
            try serve(wire)
          }
        }
      }
    }
  }

  private func next() throws -> Wire {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { throw WireFailure("accept: errno \(errno)") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let wire = Wire(descriptor: descriptor)
    record.withLock { $0.wires.append(wire) }
    return wire
  }

  private func end() {
    shutdown(listener, CInt(SHUT_RDWR))
    for wire in record.withLock({ $0.wires }) { wire.cut() }
  }
}

/// A port on which nothing listens, and that nobody else in this process is given. The system picks from above these.
func unusedPort() async throws -> Int {
  for _ in UnusedPorts.all {
    let port = UnusedPorts.next.withLock { next in
      defer { next = next == UnusedPorts.all.upperBound ? UnusedPorts.all.lowerBound : next + 1 }
      return next
    }
    if let port = try? await ScriptedUpstream.run(port: port, { _ in }, while: { $0.port }) {
      return port
    }
  }
  throw WireFailure("all ports are taken")
}

private enum UnusedPorts {
  static let all = 30_000...32_000
  /// Two test runs at once begin at different ports.
  static let next = Mutex(all.lowerBound + Int(getpid()) * 37 % all.count)
}
