import Hummingbird
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// One request to the program behind, and its answer.
///
/// It owns its connection until the answer is complete. If nobody takes the answer, the connection is closed with the exchange.
final class UpstreamExchange: Sendable {
  private struct Upload {
    var task: Task<Void, Never>?
    var isComplete = true
  }

  let connection: UpstreamConnection
  private let pool: UpstreamPool
  private let upload = Mutex(Upload())
  private let isOver = Atomic(false)

  init(_ connection: UpstreamConnection, pool: UpstreamPool) {
    self.connection = connection
    self.pool = pool
  }

  deinit {
    if !isOver.load(ordering: .relaxed) { connection.close() }
  }

  /// Whether the browser still sends.
  var isUploading: Bool { upload.withLock { !$0.isComplete } }

  /// Does something, and cuts the connection if the server is asked to end meanwhile, after so long.
  func cutAtShutdown<R: Sendable>(
    after delay: Duration, _ operation: () async throws -> R
  ) async throws -> R {
    try await withGracefulShutdownHandler(operation: operation) { [connection] in
      guard delay > .zero else { return connection.cut(.serverEnds) }
      connection.channel.eventLoop.scheduleTask(in: TimeAmount(delay)) {
        connection.cut(.serverEnds)
      }
    }
  }

  // MARK: Request

  /// Sends a request. Its body, if it has one, is sent while the answer is waited for, as fast as the program behind takes it.
  func send(
    _ head: HTTPRequestHead, body: RequestBody?, decompressesPage: Bool
  ) async throws {
    try await connection.begin(
      head, isWhole: body == nil, decompressesPage: decompressesPage)
    guard let body else { return }
    upload.withLock { $0.isComplete = false }
    let task = Task { [weak self, connection] in
      await Self.pass(body, to: connection)
      self?.upload.withLock { $0.isComplete = true }
    }
    upload.withLock { $0.task = task }
  }

  /// Reads the browser's body to its end, whatever becomes of the connection: the next request comes after it.
  private static func pass(_ body: RequestBody, to connection: UpstreamConnection) async {
    var isTaken = true
    do {
      for try await piece in body where isTaken && piece.readableBytes > 0 {
        do {
          try await connection.write(.body(.byteBuffer(piece)))
        } catch {
          // The program behind has answered without reading all, or is gone: its answer says which.
          isTaken = false
        }
      }
      if isTaken { try await connection.write(.end(nil)) }
    } catch {
      // The browser left in the middle. What it had sent must not pass for the whole.
      connection.close()
    }
  }

  // MARK: Answer

  /// The head of the answer.
  func head() async throws -> HTTPResponseHead {
    guard case .head(let head) = try await connection.next() else {
      throw UpstreamConnection.Failure.closedEarly
    }
    return head
  }

  /// Passes the body of the answer on, piece by piece as they come, at the pace of the one who takes them.
  func relay(isReusable: Bool, to take: (ByteBuffer) async throws -> Void) async throws {
    do {
      relaying: while true {
        switch try await connection.next() {
        case .body(let piece): if piece.readableBytes > 0 { try await take(piece) }
        case .end: break relaying
        case .head, nil: throw UpstreamConnection.Failure.closedEarly
        }
      }
    } catch {
      abandon()
      throw error
    }
    await finish(isReusable: isReusable)
  }

  /// The answer is complete.
  private func finish(isReusable: Bool) async {
    isOver.store(true, ordering: .relaxed)
    if isReusable, !isUploading {
      pool.giveBack(connection)
    } else {
      connection.close()
    }
    // The server reads the next request behind this one's body.
    await upload.withLock { $0.task }?.value
  }

  /// Nobody wants the rest.
  func abandon() {
    isOver.store(true, ordering: .relaxed)
    connection.close()
  }
}
