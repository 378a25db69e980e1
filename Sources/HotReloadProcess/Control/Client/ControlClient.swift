import Synchronization
public import SystemPackage
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Asks a running instance.
public struct ControlClient: Sendable {
  /// How long an answer is waited for if nothing is said.
  public static let defaultTimeout = Duration.seconds(60)
  /// The longest answer that is taken, in bytes.
  public static let maximumAnswerBytes = 64 << 20

  /// The instance's folder.
  public let folder: FilePath

  /// A client of the instance whose folder this is.
  public init(folder: FilePath) {
    self.folder = folder
  }

  /// Asks, and waits for the answer; a connection each. If the task is cancelled, the waiting ends, not what was asked for.
  ///
  /// - Parameters:
  ///   - request: what is asked.
  ///   - showSecrets: whether the answer may hold the values of secret keys.
  ///   - timeout: how long to wait.
  /// - Throws: ``ControlError``: what the instance says, or `noInstance`, `notPermitted`, `timedOut`, `connectionLost`;
  ///   `CancellationError`.
  public func ask(
    _ request: ControlRequest, showSecrets: Bool = false, timeout: Duration = defaultTimeout
  ) async throws -> ControlAnswer {
    let line = try ControlCodec.line(ControlMessage(request, showSecrets: showSecrets))
    let answer = try await exchange(line, until: .now + timeout, timeout)
    if case .error(let error) = answer { throw error }
    return answer
  }

  private func exchange(
    _ line: [UInt8], until deadline: ContinuousClock.Instant, _ timeout: Duration
  ) async throws -> ControlAnswer {
    let connection = Connection()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // A thread of its own: an answer may take long, and the threads for files have other work.
        let result = startDetachedThread(name: "hotreload-ask") {
          continuation.resume(
            with: Result { try exchange(line, over: connection, until: deadline, timeout) })
        }
        if result != 0 {
          continuation.resume(
            throwing: ControlError(
              code: .failed, message: "no thread can be started: \(Errno(rawValue: result))"))
        }
      }
    } onCancel: {
      connection.cancel()
    }
  }

  private func exchange(
    _ line: [UInt8], over connection: Connection, until deadline: ContinuousClock.Instant,
    _ timeout: Duration
  ) throws -> ControlAnswer {
    let socket = try connect(until: deadline)
    guard connection.hold(socket) else { throw CancellationError() }
    defer { connection.close() }
    do {
      return try ControlExchange(socket: socket, deadline: deadline, timeout: timeout).run(line)
    } catch {
      throw connection.isCancelled ? CancellationError() : error
    }
  }

  private func connect(until deadline: ContinuousClock.Instant) throws(ControlError) -> UnixSocket {
    while true {
      do throws(Errno) {
        return try UnixSocket.connect(in: folder)
      } catch {
        // Others wait to be let in, more than the system keeps: it takes a moment.
        let isFull = error == .wouldBlock || error == .resourceTemporarilyUnavailable
        guard isFull, ContinuousClock.now < deadline else { throw unreachable(error) }
        _ = poll(nil, 0, Self.retryMilliseconds)
      }
    }
  }

  /// How long to wait until the next attempt to be let in.
  private static let retryMilliseconds: CInt = 10

  private func unreachable(_ error: Errno) -> ControlError {
    let path = folder.appending(ControlFolder.socketName)
    switch error {
    case .noSuchFileOrDirectory, .connectionRefused, .notDirectory:
      return ControlError(code: .noInstance, message: "no instance answers at \(path)")
    case .permissionDenied:
      return ControlError(
        code: .notPermitted,
        message: "the instance at \(path) belongs to another user; ask as that user or as root")
    case .wouldBlock, .resourceTemporarilyUnavailable:
      return ControlError(
        code: .busy, message: "the instance at \(path) takes no more clients now; try again later")
    default:
      return ControlError(code: .noInstance, message: "\(path) cannot be reached: \(error)")
    }
  }

  /// A socket that a cancellation may end while its thread waits on it.
  private final class Connection: Sendable {
    private struct State {
      var socket: UnixSocket?
      var isCancelled = false
    }

    private let state = Mutex(State())

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// - Returns: false, with the socket closed, after a cancellation.
    func hold(_ socket: UnixSocket) -> Bool {
      state.withLock { state in
        if state.isCancelled { socket.close() } else { state.socket = socket }
        return !state.isCancelled
      }
    }

    func cancel() {
      state.withLock { state in
        state.isCancelled = true
        state.socket?.disconnect()
      }
    }

    func close() {
      state.withLock { state in
        state.socket?.close()
        state.socket = nil
      }
    }
  }
}
