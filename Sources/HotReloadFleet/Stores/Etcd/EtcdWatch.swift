import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization

/// One watch of an ``EtcdStore``: a task reads the stream, opens it anew when it breaks or is silent, and ends with the watch.
///
/// Nothing can be sent on an open stream of the gateway, so a silence may mean that nothing happens, that the connection is
/// dead, or that the member has lost the others. Therefore a silent stream is closed, and a new one begun where it was, at
/// the next member; a linearizable read behind it shows that the member is in touch with the others, and what
/// the stream must tell at least.
final class EtcdWatch: StoreWatch.Source {
  /// The longest line that is read: the largest message of an etcd as it is installed, in base64.
  static let maximumLineBytes = 8 << 20
  /// The pauses after streams that broke: each twice as long as the one before, up to a bound.
  static let firstPause = Duration.milliseconds(50)
  static let longestPause = Duration.seconds(2)

  /// Why a stream is at its end.
  private enum End: Error {
    case silence
    case finished
    case failed(EtcdFailure)
  }

  private let store: EtcdStore
  private let range: StoreRange
  private let start: StoreRevision
  private let mailbox = EtcdWatchMailbox()
  private let task = Mutex<Task<Void, Never>?>(nil)
  private let isStopped = Mutex(false)

  init(_ store: EtcdStore, _ range: StoreRange, after revision: StoreRevision) {
    self.store = store
    self.range = range
    start = revision
  }

  func next() async throws(StoreError) -> StoreWatchEvent? {
    task.withLock { task in
      guard task == nil, !isStopped.withLock({ $0 }) else { return }
      task = Task { [self] in await run() }
    }
    return try await mailbox.next()
  }

  func stop() {
    isStopped.withLock { $0 = true }
    mailbox.finish()
    task.withLock { $0 }?.cancel()
    store.remove(self)
  }

  /// Ends the watch, and returns when its task has ended.
  func end() async {
    stop()
    await task.withLock { $0 }?.value
  }

  private func run() async {
    var told = start
    var pause = RetryPause(first: Self.firstPause, longest: Self.longestPause)
    var isInterrupted = false
    var isAfterSilence = false
    var hasNewToken = false
    var attempt = 0
    while !Task.isCancelled {
      let endpoints = store.client.candidates()
      let endpoint = endpoints[attempt % endpoints.count]
      let hearing = EtcdHearing(
        at: store.clock.now(), after: told, isVerifying: isAfterSilence)
      let end = await follow(endpoint, hearing, verifies: isAfterSilence)
      isAfterSilence = false
      if hearing.told != told {
        told = hearing.told
        pause.reset()
        isInterrupted = false
      }
      if hearing.isAccepted { hasNewToken = false }
      switch end {
      case .finished:
        mailbox.finish()
        return
      case .silence:
        isAfterSilence = true
        isInterrupted = false
        pause.reset()
        attempt += 1
      case .failed(let failure):
        if failure.mayBeToken, !hasNewToken, store.client.forgetToken() {
          hasNewToken = true
          _ = await pause.wait(store.clock)
          continue
        }
        if case .refused = failure.kind {
          mailbox.finish(.failure(failure.error))
          return
        }
        if !isInterrupted, await !mailbox.send(.interrupted(failure.error)) { return }
        isInterrupted = true
        attempt += 1
        _ = await pause.wait(store.clock)
      }
    }
    mailbox.finish()
  }

  /// Reads one stream to its end.
  private func follow(_ endpoint: String, _ hearing: EtcdHearing, verifies: Bool) async -> End {
    let told = hearing.told
    return await withTaskGroup(of: End.self) { group in
      group.addTask { await self.read(endpoint, hearing) }
      group.addTask { await self.listen(hearing) }
      if verifies {
        group.addTask { await self.verify(endpoint, told, hearing) }
      }
      defer { group.cancelAll() }
      return await group.next() ?? .silence
    }
  }

  /// Returns when nothing was heard for too long.
  private func listen(_ hearing: EtcdHearing) async -> End {
    while !Task.isCancelled {
      let now = store.clock.now()
      let due = hearing.time(now: now) + store.options.silenceLimit
      if due <= now { break }
      try? await store.clock.sleep(due)
    }
    return .silence
  }

  private func read(_ endpoint: String, _ hearing: EtcdHearing) async -> End {
    var gatherer = EtcdChangeGatherer(store.names, after: hearing.told)
    var splitter = LineSplitter(limit: Self.maximumLineBytes)
    let (key, rangeEnd) = store.names.names(range)
    do {
      let response = try await store.client.open(
        "/v3/watch",
        Etcd.WatchRequest(
          createRequest: Etcd.WatchRequest.Create(
            key: key, rangeEnd: rangeEnd,
            startRevision: EtcdInteger(gatherer.last.next.rawValue))), to: endpoint)
      for try await buffer in response.body {
        hearing.beginsToDeliver()
        for line in try splitter.lines(in: buffer.readableBytesView) {
          if let end = try await take(line, endpoint, &gatherer, hearing) { return end }
        }
        hearing.hasDelivered(at: store.clock.now())
      }
      return .failed(
        EtcdFailure(
          .unknown, StoreError(.unavailable, "etcd at \(endpoint) ended a watch; it is opened anew")
        ))
    } catch let failure as EtcdFailure {
      return .failed(failure)
    } catch {
      return .failed(EtcdFailure(endpoint, connection: error))
    }
  }

  /// Tells what a line says; not nil if the stream is at its end.
  private func take(
    _ line: [UInt8], _ endpoint: String, _ gatherer: inout EtcdChangeGatherer,
    _ hearing: EtcdHearing
  ) async throws -> End? {
    let message = try Etcd.decode(Etcd.Streamed<Etcd.WatchResponse>.self, from: line)
    if let error = message.error {
      return .failed(
        EtcdFailure(
          endpoint, grpc: error.grpcCode ?? error.code,
          message: error.message ?? "it does not say why a watch ended"))
    }
    guard let result = message.result else { return nil }
    if let compacted = result.compactRevision?.value, compacted > 0 {
      _ = await mailbox.send(.compacted(StoreRevision(rawValue: compacted)))
      return .finished
    }
    if result.canceled == true {
      return .failed(EtcdFailure(endpoint, cancelling: result.cancelReason ?? ""))
    }
    hearing.accepts()
    for changes in gatherer.take(result) {
      guard await mailbox.send(.changes(changes)) else { return .finished }
      hearing.tells(changes.revision)
    }
    return nil
  }

  /// Reads what the newest change in the range is, at the member that the stream comes from. Returns only if the stream is not to
  /// be trusted.
  private func verify(
    _ endpoint: String, _ told: StoreRevision, _ hearing: EtcdHearing
  ) async -> End {
    let (key, rangeEnd) = store.names.names(range)
    do throws(EtcdFailure) {
      let answer: Etcd.RangeResponse = try await store.client.send(
        "/v3/kv/range",
        Etcd.RangeRequest(
          key: key, rangeEnd: rangeEnd, limit: 1, sortOrder: "DESCEND", sortTarget: "MOD",
          keysOnly: true), to: endpoint)
      hearing.isVerified(at: store.clock.now())
      let newest = answer.kvs?.first?.modRevision?.value ?? 0
      if newest <= told.rawValue {
        _ = await mailbox.send(.current(told))
      } else {
        try? await store.clock.sleep(store.clock.now() + store.options.silenceLimit)
        if !Task.isCancelled, hearing.told.rawValue < newest {
          return .failed(
            EtcdFailure(
              .unknown,
              StoreError(
                .unavailable,
                "etcd at \(endpoint) does not tell of the commit \(newest); another member is asked"
              )))
        }
      }
    } catch {
      return .failed(error)
    }
    // The stream is good: its own end decides.
    try? await store.clock.sleep(.seconds(Int64(Int32.max)))
    return .silence
  }
}
