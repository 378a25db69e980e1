import Foundation
public import Logging
import Synchronization

/// The store of a fleet on many hosts: an etcd, from 3.4 on, through the JSON gateway that each member has.
///
/// A member that does not answer is replaced by the next. A transaction is sent again, as it is, when it cannot be
/// told whether it was made: its own name, written with it, keeps it from being made twice. Only if no member
/// tells within one round, the outcome is `unknown`. Keys begin with the options' namespace; nothing else in etcd is read or
/// written.
///
/// Etcd's authentication by the names of client certificates does not work through the gateway: use a user and a password.
public final class EtcdStore: FleetStore {
  /// Transactions that may be on their way yet are known up to this number.
  public static let unsettledLimit = 1_024
  private static let committed = Data("c".utf8)
  private static let abandoned = Data("a".utf8)

  private struct State {
    var isClosed = false
    /// The lease that records of transactions end with, and until when new ones may have it.
    var recordLease: (id: StoreLeaseID, until: Duration)?
    /// Transactions whose requests may arrive yet, the oldest first.
    var unsettled: [StoreOperationID] = []
    var watches: [ObjectIdentifier: EtcdWatch] = [:]
  }

  let client: EtcdClient
  let names: EtcdNames
  let options: EtcdOptions
  let clock: StoreClock
  private let state = Mutex(State())

  /// Creates a store. Nothing is sent yet: an etcd that is away now is no error.
  ///
  /// - Parameters:
  ///   - clock: what pauses and silences are measured by.
  ///   - logger: who is told of an etcd with known weaknesses.
  /// - Throws: ``StoreError`` with the code `invalidOptions`.
  public init(
    _ options: EtcdOptions, clock: StoreClock = .continuous,
    logger: Logger = Logger(label: "hotreload.fleet")
  ) throws(StoreError) {
    client = try EtcdClient(options, logger)
    names = EtcdNames(options.namespace)
    self.options = options
    self.clock = clock
  }

  /// Reads a range as it is now.
  public func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    try Self.checkLimit(limit)
    try checkOpen()
    let (start, end) = names.names(range)
    let answer: Etcd.RangeResponse = try await client.ask(
      "/v3/kv/range",
      Etcd.RangeRequest(key: start, rangeEnd: end, limit: EtcdInteger(Int64(limit))))
    let entries = (answer.kvs ?? []).compactMap { names.entry($0) }
    let rest = answer.more == true ? entries.last?.key.successor : nil
    return StorePage(
      entries: entries, revision: answer.header.storeRevision,
      rest: rest.map { StoreRange(from: $0, to: range.end) })
  }

  /// Makes a transaction if its conditions hold.
  public func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome {
    try transaction.validate()
    try checkOpen()
    if transaction.mutations.isEmpty {
      let answer: Etcd.TransactionResponse = try await client.ask(
        "/v3/kv/txn", request(transaction, recordLease: nil))
      return conflict(answer) ?? .succeeded(answer.header.storeRevision)
    }
    let operation = transaction.operation
    var isUnsettled = state.withLock { $0.unsettled.contains(operation) }
    do throws(StoreError) {
      var outcome = try await make(transaction, &isUnsettled)
      if isUnsettled, case .conflict = outcome {
        // An earlier request may arrive yet, and would be made after we said that it was not.
        if case .committed(let revision) = try await settle(operation) {
          outcome = .succeeded(revision)
        }
      }
      forget(operation)
      return outcome
    } catch {
      guard isUnsettled, error.code != .operationAbandoned else { throw error }
      if !Task.isCancelled, !error.isSafeToRetry, let settled = try? await settle(operation) {
        forget(operation)
        if case .committed(let revision) = settled { return .succeeded(revision) }
        throw error
      }
      remember(operation)
      return .unknown(UnknownOutcome(operation: operation, error: error))
    }
  }

  /// Finds out what became of a transaction.
  public func resolve(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome {
    try checkOpen()
    let outcome = try await settle(operation)
    forget(operation)
    return outcome
  }

  /// Watches a range.
  public func watch(_ range: StoreRange, after revision: StoreRevision) -> StoreWatch {
    StoreWatch { [self] in
      let watch = EtcdWatch(self, range, after: revision)
      let isOpen = state.withLock { state in
        if !state.isClosed { state.watches[ObjectIdentifier(watch)] = watch }
        return !state.isClosed
      }
      if !isOpen { watch.stop() }
      return watch
    }
  }

  /// Makes a lease. Etcd counts whole seconds, and gives no less than its members need for an election.
  public func grantLease(timeToLive: Duration) async throws(StoreError) -> StoreLease {
    try Self.checkTimeToLive(timeToLive)
    try checkOpen()
    return try await grant(timeToLive)
  }

  /// Begins a lease's time to live anew, by one request.
  public func keepAlive(_ lease: StoreLeaseID) async throws(StoreError) -> StoreLease {
    try checkOpen()
    let answer: Etcd.Streamed<Etcd.LeaseResponse> = try await client.ask(
      "/v3/lease/keepalive", Etcd.LeaseRequest(id: EtcdInteger(lease.rawValue)))
    if let failure = answer.error {
      throw StoreError(
        .unavailable,
        "etcd could not keep a lease alive: \(failure.message ?? "it does not say why")"
      )
    }
    guard let seconds = answer.result?.seconds?.value, seconds > 0 else {
      throw .leaseNotFound(lease)
    }
    return StoreLease(id: lease, timeToLive: .seconds(seconds))
  }

  /// Ends a lease, and deletes what depends on it.
  public func revoke(_ lease: StoreLeaseID) async throws(StoreError) {
    try checkOpen()
    do throws(StoreError) {
      let _: Etcd.Empty = try await client.ask(
        "/v3/lease/revoke", Etcd.LeaseRequest(id: EtcdInteger(lease.rawValue)))
    } catch {
      guard error.code == .leaseNotFound else { throw error }
    }
  }

  /// Forgets what all of etcd was before a revision. For tests: etcd compacts by itself if it is told to.
  package func compact(through revision: StoreRevision) async throws(StoreError) {
    let _: Etcd.Empty = try await client.ask(
      "/v3/kv/compaction", Etcd.CompactionRequest(revision: EtcdInteger(revision.rawValue)))
  }

  /// Ends all watches and closes all connections.
  public func close() async {
    let watches = state.withLock { state in
      state.isClosed = true
      defer { state.watches = [:] }
      return Array(state.watches.values)
    }
    for watch in watches { await watch.end() }
    await client.close()
  }

  func checkOpen() throws(StoreError) {
    if state.withLock({ $0.isClosed }) { throw .closed }
  }

  func remove(_ watch: EtcdWatch) {
    state.withLock { $0.watches[ObjectIdentifier(watch)] = nil }
  }
}

// MARK: Transactions

extension EtcdStore {
  /// Sends a transaction to one endpoint after the other until one tells what became of it.
  /// - Parameter isUnsettled: becomes true if a request may arrive, or have arrived, without our knowing.
  private func make(
    _ transaction: StoreTransaction, _ isUnsettled: inout Bool
  ) async throws(StoreError) -> CommitOutcome {
    var last = StoreError.cancelled
    var hasRenewed = false
    var candidates = client.candidates()[...]
    while let endpoint = candidates.popFirst() {
      guard !Task.isCancelled else { throw last }
      do throws(EtcdFailure) {
        let lease = try await recordLease()
        let answer: Etcd.TransactionResponse = try await client.send(
          "/v3/kv/txn", request(transaction, recordLease: lease), to: endpoint)
        return try outcome(of: transaction, answer)
      } catch {
        last = error.error
        switch error.kind {
        case .refused where last.code == .leaseNotFound && !hasRenewed:
          // It may be ours: an etcd that was set up anew does not have it.
          state.withLock { $0.recordLease = nil }
          hasRenewed = true
          candidates.insert(endpoint, at: candidates.startIndex)
        case .refused, .tokenExpired: throw last
        case .notSent: break
        case .unknown: isUnsettled = true
        }
      }
    }
    throw last
  }

  private func request(
    _ transaction: StoreTransaction, recordLease: StoreLeaseID?
  ) -> Etcd.TransactionRequest {
    var request = Etcd.TransactionRequest(
      compare: transaction.conditions.map { names.comparison($0) },
      success: transaction.mutations.map { names.operation($0) },
      failure: Set(transaction.conditions.map(\.key)).sorted().map { range(names.name($0)) })
    guard let recordLease else { return request }
    let record = names.name(transaction.operation)
    request.compare.append(absent(record))
    request.success.append(put(record, Self.committed, recordLease))
    request.failure.append(range(record))
    return request
  }

  private func absent(_ name: Data) -> Etcd.Compare {
    Etcd.Compare(target: "CREATE", key: name, createRevision: 0)
  }

  private func range(_ name: Data) -> Etcd.Operation {
    Etcd.Operation(requestRange: Etcd.RangeRequest(key: name))
  }

  private func put(_ name: Data, _ value: Data, _ lease: StoreLeaseID) -> Etcd.Operation {
    Etcd.Operation(
      requestPut: Etcd.PutRequest(key: name, value: value, lease: EtcdInteger(lease.rawValue)))
  }

  private func outcome(
    of transaction: StoreTransaction, _ answer: Etcd.TransactionResponse
  ) throws(EtcdFailure) -> CommitOutcome {
    if answer.succeeded == true { return .succeeded(answer.header.storeRevision) }
    switch record(answer) {
    case .committed(let revision): return .succeeded(revision)
    case .abandoned: throw EtcdFailure(.refused, .abandoned(transaction.operation))
    case nil: return conflict(answer) ?? .succeeded(answer.header.storeRevision)
    }
  }

  /// Nil if the conditions held.
  private func conflict(_ answer: Etcd.TransactionResponse) -> CommitOutcome? {
    guard answer.succeeded != true else { return nil }
    let entries = pairs(answer).compactMap { names.entry($0) }
    return .conflict(
      StoreConflict(
        entries: entries.sorted { $0.key < $1.key }, revision: answer.header.storeRevision))
  }

  private func pairs(_ answer: Etcd.TransactionResponse) -> [Etcd.KeyValue] {
    (answer.responses ?? []).flatMap { $0.responseRange?.kvs ?? [] }
  }

  /// What is written of the transaction; nil if nothing is.
  private func record(_ answer: Etcd.TransactionResponse) -> ResolvedOutcome? {
    guard let pair = pairs(answer).first(where: { names.key($0.key) == nil }) else { return nil }
    guard pair.value == Self.committed else { return .abandoned }
    return .committed(StoreRevision(rawValue: pair.modRevision?.value ?? 0))
  }

  /// Writes that a transaction is given up, unless it is written that it was made. Doing that twice is doing it once.
  private func settle(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome {
    let name = names.name(operation)
    for isLast in [false, true] {
      do throws(StoreError) {
        let lease: StoreLeaseID
        do throws(EtcdFailure) { lease = try await recordLease() } catch { throw error.error }
        let answer: Etcd.TransactionResponse = try await client.ask(
          "/v3/kv/txn",
          Etcd.TransactionRequest(
            compare: [absent(name)], success: [put(name, Self.abandoned, lease)],
            failure: [range(name)]))
        return answer.succeeded == true ? .abandoned : record(answer) ?? .abandoned
      } catch {
        guard error.code == .leaseNotFound, !isLast else { throw error }
        state.withLock { $0.recordLease = nil }
      }
    }
    throw .closed
  }

  private func remember(_ operation: StoreOperationID) {
    state.withLock { state in
      guard !state.unsettled.contains(operation) else { return }
      if state.unsettled.count == Self.unsettledLimit { state.unsettled.removeFirst() }
      state.unsettled.append(operation)
    }
  }

  private func forget(_ operation: StoreOperationID) {
    state.withLock { state in
      if let index = state.unsettled.firstIndex(of: operation) {
        state.unsettled.remove(at: index)
      }
    }
  }
}

// MARK: Leases

extension EtcdStore {
  private func grant(_ time: Duration) async throws(StoreError) -> StoreLease {
    let seconds = time.components.seconds + (time.components.attoseconds > 0 ? 1 : 0)
    let answer: Etcd.LeaseResponse = try await client.ask(
      "/v3/lease/grant", Etcd.LeaseRequest(seconds: EtcdInteger(seconds)))
    guard let id = answer.id?.value, let granted = answer.seconds?.value, id != 0 else {
      throw StoreError(.corrupted, "etcd granted a lease without a name or a time")
    }
    return StoreLease(id: StoreLeaseID(rawValue: id), timeToLive: .seconds(granted))
  }

  /// The lease that records of transactions end with. It is never kept alive: each lives for twice the time that a record must be
  /// kept, and is taken for new records in the first half.
  private func recordLease() async throws(EtcdFailure) -> StoreLeaseID {
    let now = clock.now()
    if let lease = state.withLock({ $0.recordLease }), now < lease.until { return lease.id }
    do throws(StoreError) {
      let lease = try await grant(StoreLimits.operationMemory * 2)
      state.withLock { $0.recordLease = (lease.id, now + StoreLimits.operationMemory) }
      return lease.id
    } catch {
      // Nothing of the transaction was sent.
      throw EtcdFailure(error.isSafeToRetry ? .notSent : .refused, error)
    }
  }
}
