import Synchronization

/// A transaction that ended: what it did, and what it told.
public struct CompletedReload: Sendable {
  /// What it did.
  public var report: ReloadReport
  /// The events that it published, in their order. The values in them are the real ones: redact before showing them.
  public var events: [PublishedEvent]
  /// When it ended, in nanoseconds since 1970 (UTC).
  public var time: Int64
  /// How many transactions the consumer missed right before this one, because it was too slow.
  public var droppedBefore = 0

  /// Creates one, for tests of consumers.
  public init(report: ReloadReport, events: [PublishedEvent] = [], time: Int64 = 0) {
    self.report = report
    self.events = events
    self.time = time
  }
}

extension HotReloadManager {
  /// How many transactions wait for a slow consumer of ``reloads(bufferLimit:)`` if it does not say otherwise.
  public static let defaultReloadLimit = 256

  /// The transactions that end from now on, each with its events, for those who need to know what belongs together.
  /// Ends when the manager shuts down.
  ///
  /// - Parameter bufferLimit: how many wait for a slow consumer, 1 at least; beyond that new ones are dropped and
  ///   counted.
  public func reloads(bufferLimit: Int = defaultReloadLimit) -> AsyncStream<CompletedReload> {
    driver.feed.stream(limit: max(1, bufferLimit))
  }
}

/// Hands transactions that ended to those who asked for them.
final class ReloadFeed: Sendable {
  private struct Consumer {
    var continuation: AsyncStream<CompletedReload>.Continuation
    var dropped = 0
  }

  private struct State {
    var consumers: [UInt64: Consumer] = [:]
    var last: UInt64 = 0
    var isFinished = false
  }

  private let state = Mutex(State())

  /// Whether anybody listens.
  var isWanted: Bool { state.withLock { !$0.consumers.isEmpty } }

  func stream(limit: Int) -> AsyncStream<CompletedReload> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: CompletedReload.self, bufferingPolicy: .bufferingOldest(limit))
    let number = state.withLock { state -> UInt64? in
      guard !state.isFinished else { return nil }
      state.last += 1
      state.consumers[state.last] = Consumer(continuation: continuation)
      return state.last
    }
    guard let number else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.consumers[number] = nil }
    }
    return stream
  }

  /// One call at a time: the order of the calls is the order of the transactions.
  func send(_ report: ReloadReport, _ events: [PublishedEvent]) {
    let consumers = state.withLock { $0.consumers }
    guard !consumers.isEmpty else { return }
    var reload = CompletedReload(report: report, events: events, time: nanosecondsSince1970())
    for (number, consumer) in consumers {
      reload.droppedBefore = consumer.dropped
      switch consumer.continuation.yield(reload) {
      case .dropped: state.withLock { $0.consumers[number]?.dropped += 1 }
      case .enqueued: state.withLock { $0.consumers[number]?.dropped = 0 }
      default: break
      }
    }
  }

  func finish() {
    let consumers = state.withLock { state in
      state.isFinished = true
      defer { state.consumers = [:] }
      return state.consumers.values.map(\.continuation)
    }
    for continuation in consumers { continuation.finish() }
  }
}
