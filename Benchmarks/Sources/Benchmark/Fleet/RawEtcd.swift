import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization

/// The least code that talks with etcd through its JSON gateway: the floor of what a fleet can do on it.
final class RawEtcd: Sendable {
  private let client: HTTPClient
  private let endpoint: String

  init(_ endpoint: String) {
    self.endpoint = endpoint
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
    client = HTTPClient(configuration: configuration)
  }

  func close() async throws { try await client.shutdown() }

  private func request(_ path: String, _ body: String) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: endpoint + path)
    request.method = .POST
    request.body = .bytes(ByteBuffer(string: body))
    return request
  }

  private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  /// Puts a value.
  func put(_ key: String, _ value: String) async throws {
    let body = #"{"key":"\#(Self.base64(key))","value":"\#(Self.base64(value))"}"#
    let answer = try await client.execute(request("/v3/kv/put", body), timeout: .seconds(5))
    _ = try await answer.body.collect(upTo: 1 << 20)
  }

  /// Puts a value if another key is there, as an instance reports under a condition.
  func put(_ key: String, _ value: String, ifPresent other: String) async throws {
    let body =
      #"{"compare":[{"target":"CREATE","result":"GREATER","key":"\#(Self.base64(other))","create_revision":"0"}],"#
      + #""success":[{"request_put":{"key":"\#(Self.base64(key))","value":"\#(Self.base64(value))"}}]}"#
    let answer = try await client.execute(request("/v3/kv/txn", body), timeout: .seconds(5))
    _ = try await answer.body.collect(upTo: 1 << 20)
  }

  /// Tells of each message of a watch, the first of which says that it is there.
  func watch(
    _ key: String, _ told: @escaping () async throws -> Void
  ) async throws {
    let body = #"{"create_request":{"key":"\#(Self.base64(key))"}}"#
    let answer = try await client.execute(request("/v3/watch", body), timeout: .hours(1))
    for try await chunk in answer.body {
      for byte in chunk.readableBytesView where byte == UInt8(ascii: "\n") { try await told() }
    }
  }
}

/// Watchers of one key, on connections of their own.
final class RawWatchers: Sendable {
  private let etcd: RawEtcd
  private let key: String
  private let told: Countdown
  private let tasks: Mutex<[Task<Void, any Error>]> = Mutex([])

  /// - Parameter writes: whether each of them, when it is told, makes a write under a condition and waits for its answer.
  init(_ count: Int, on etcd: RawEtcd, key: String, writes: Bool) async throws {
    self.etcd = etcd
    self.key = key
    told = Countdown(count)
    for index in 0..<count {
      let task = Task { [told] in
        var isOpen = false
        try await etcd.watch(key) {
          if writes, isOpen { try await etcd.put("\(key)-\(index)", "told", ifPresent: key) }
          isOpen = true
          told.down()
        }
      }
      tasks.withLock { $0.append(task) }
    }
    await told.wait()
  }

  /// Nanoseconds from before a put to when the last of them was told, and has written.
  func round() async throws -> Double {
    told.start()
    let start = monotonicNanoseconds()
    try await etcd.put(key, "\(start)")
    await told.wait()
    return Double(monotonicNanoseconds() - start)
  }

  func stop() {
    for task in tasks.withLock({ $0 }) { task.cancel() }
  }
}
