import Synchronization
import WorkspaceTools

/// Takes in exposures from whoever asks for a subject's value, and hands them to those who listen.
///
/// Who notes one never waits: it only tries to lock one of many shards, in which nobody stays longer than it takes to
/// add an element, and what finds no place is counted as dropped. A task hands on what the shards have gathered, and
/// sleeps while there is nothing.
final class ExposureHub: Sendable {
  /// How many exposures are remembered, in all shards.
  static let maximumRemembered = 65_536
  /// How many of them wait in one shard until they are handed on.
  static let maximumGathered = 1_024
  /// How often it is tried to lock a shard.
  static let maximumAttempts = 64
  /// How many listeners there can be.
  static let maximumConsumers = 64
  /// A power of two.
  static let shardCount = 16

  private struct Shard {
    var remembered = RecentSet<Key>(capacity: ExposureHub.maximumRemembered / shardCount)
    var gathered: [Exposure] = []
  }

  /// What is told once: a digest of experiment, salt and subject, and the variant's name.
  private struct Key: Hashable {
    var first: UInt64
    var second: UInt64
    var variant: String

    func hash(into hasher: inout Hasher) { hasher.combine(first) }
  }

  /// What came of noting one.
  private enum Taken {
    case known
    case new
    case noRoom
  }

  private final class Place: Sendable {
    let shard = Mutex(Shard())
  }

  private struct Consumer {
    var continuation: AsyncStream<Exposure>.Continuation
    var dropped = 0
  }

  private struct State {
    var consumers: [UInt64: Consumer] = [:]
    var last: UInt64 = 0
    var isPumping = false
    var isFinished = false
  }

  private let start: @Sendable (_ task: @escaping @Sendable () async -> Void) -> Void
  private let places = (0..<ExposureHub.shardCount).map { _ in Place() }
  private let isWanted = Atomic(false)
  private let isFinished = Atomic(false)
  /// Whether something was gathered that is not handed on yet.
  private let hasNews = Atomic(false)
  private let dropped = Atomic(0)
  private let waiters = StreamWaiters()
  private let state = Mutex(State())

  /// - Parameter start: runs the task that hands on, once; it ends after ``finish()``, or when it is cancelled.
  init(start: @escaping @Sendable (_ task: @escaping @Sendable () async -> Void) -> Void) {
    self.start = start
  }

  /// Takes in that a subject got a value.
  func note(
    _ choice: VariantAssigner.Choice, of subject: String, by assigner: VariantAssigner,
    config: String, _ generation: UInt64
  ) {
    guard isWanted.load(ordering: .relaxed) else { return }
    let digest = choice.digest
    let variant = assigner.names[choice.index]
    let key = Key(first: digest[1], second: digest[2], variant: variant)
    let place = places[Int(truncatingIfNeeded: digest[3]) & (Self.shardCount - 1)]
    for _ in 0..<Self.maximumAttempts {
      let taken: Taken? = place.shard.withLockIfAvailable { shard in
        if shard.remembered.contains(key) { return .known }
        guard shard.gathered.count < Self.maximumGathered else { return .noRoom }
        shard.remembered.insert(key)
        shard.gathered.append(
          Exposure(
            config: config, experiment: assigner.experiment.name, variant: variant,
            subject: subject, subjectDigest: Self.hexadecimal(digest[0]),
            isTestSubject: choice.isTestSubject, generation: generation,
            time: nanosecondsSince1970()))
        return .new
      }
      switch taken {
      case .new: return tellNews()
      case .known: return
      case .noRoom:
        dropped.add(1, ordering: .relaxed)
        return tellNews()
      case nil: continue
      }
    }
    dropped.add(1, ordering: .relaxed)
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  private func tellNews() {
    if !hasNews.exchange(true, ordering: .sequentiallyConsistent) { waiters.wake() }
  }

  /// What is remembered, waits to be handed on, and was dropped since the last time that something was.
  var counts: (remembered: Int, gathered: Int, dropped: Int) {
    places.reduce(into: (0, 0, dropped.load(ordering: .relaxed))) { counts, place in
      let (remembered, gathered) = place.shard.withLock { ($0.remembered.count, $0.gathered.count) }
      counts.0 += remembered
      counts.1 += gathered
    }
  }

  /// Someone new who listens.
  func stream(
    limit: Int
  ) throws(HotReloadError) -> (number: UInt64, stream: AsyncStream<Exposure>) {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Exposure.self, bufferingPolicy: .bufferingOldest(limit))
    let (number, begins) = state.withLock { state -> (UInt64?, Bool) in
      guard state.consumers.count < Self.maximumConsumers else { return (nil, false) }
      state.last += 1
      guard !state.isFinished else { return (0, false) }
      state.consumers[state.last] = Consumer(continuation: continuation)
      isWanted.store(true, ordering: .sequentiallyConsistent)
      defer { state.isPumping = true }
      return (state.last, !state.isPumping)
    }
    guard let number else {
      throw HotReloadError(
        code: .tooManyReceivers,
        message:
          "\(Self.maximumConsumers) listen to exposures already; end those that are not needed")
    }
    if number == 0 { continuation.finish() }
    continuation.onTermination = { [weak self] _ in self?.remove(number) }
    if begins { start { await self.handOn() } }
    return (number, stream)
  }

  func remove(_ number: UInt64) {
    let removed = state.withLock { state in
      let removed = state.consumers.removeValue(forKey: number)
      if state.consumers.isEmpty { isWanted.store(false, ordering: .sequentiallyConsistent) }
      return removed
    }
    removed?.continuation.finish()
  }

  /// Hands on what is gathered, until the end.
  private func handOn() async {
    while true {
      await waiters.wait(isolation: nil) {
        hasNews.load(ordering: .sequentiallyConsistent)
          || isFinished.load(ordering: .sequentiallyConsistent)
      }
      // Read first: what was gathered before the end is handed on.
      let isLast = isFinished.load(ordering: .sequentiallyConsistent) || Task.isCancelled
      hasNews.store(false, ordering: .sequentiallyConsistent)
      send(gathered())
      if isLast { return endConsumers() }
    }
  }

  private func gathered() -> [Exposure] {
    places.flatMap { place in
      place.shard.withLock { shard in
        defer { shard.gathered = [] }
        return shard.gathered
      }
    }
  }

  private func send(_ exposures: [Exposure]) {
    let lost = dropped.exchange(0, ordering: .relaxed)
    var consumers = state.withLock { $0.consumers }
    for number in consumers.keys {
      guard var consumer = consumers[number] else { continue }
      consumer.dropped += lost
      for var exposure in exposures {
        exposure.droppedBefore = consumer.dropped
        switch consumer.continuation.yield(exposure) {
        case .dropped: consumer.dropped += 1
        case .enqueued: consumer.dropped = 0
        default: break
        }
      }
      consumers[number] = consumer
    }
    state.withLock { [consumers] state in
      for (number, consumer) in consumers where state.consumers[number] != nil {
        state.consumers[number] = consumer
      }
    }
  }

  /// Hands on what is there, and ends all sequences.
  func finish() {
    isFinished.store(true, ordering: .sequentiallyConsistent)
    let isPumping = state.withLock { state in
      state.isFinished = true
      return state.isPumping
    }
    isWanted.store(false, ordering: .sequentiallyConsistent)
    if isPumping { waiters.wake() } else { endConsumers() }
  }

  private func endConsumers() {
    let consumers = state.withLock { state in
      defer { state.consumers = [:] }
      return state.consumers.values.map(\.continuation)
    }
    for continuation in consumers { continuation.finish() }
  }
}
