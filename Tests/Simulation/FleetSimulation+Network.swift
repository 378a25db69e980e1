@testable import HotReloadFleet

extension FleetSimulation {
  /// After so long without an answer a process gives a request up.
  static let requestPatience = Duration.milliseconds(900)
  /// How long it takes at most until a process finds a watch broken and opens it again.
  static let watchPatience = Duration.milliseconds(1_500)

  private func travel(_ host: SimulatedHost) -> Duration {
    let delay = duration(options.delay)
    return host.isSlow ? delay * 5 : delay
  }

  private func isLost(_ host: SimulatedHost) -> Bool {
    !isReachable(host) || (isRough && chance(options.lost, of: 1_000))
  }

  /// Sends a request, has it performed where the store is, and brings the answer back; nil if none comes in time.
  func request<Answer>(
    from process: SimulatedProcess, _ perform: @escaping (inout StoreState, Duration) -> Answer,
    then answered: @escaping (Answer?) -> Void
  ) {
    var isOver = false
    let finish = { (answer: Answer?) in
      guard !isOver, process.isAlive else { return }
      isOver = true
      answered(answer)
    }
    after(Self.requestPatience) { finish(nil) }
    let copies = isRough && chance(options.repeated, of: 1_000) ? 2 : 1
    for _ in 0..<copies where !isLost(process.host) {
      // Some come very late, after they were given up.
      let isLate = isRough && chance(options.lost, of: 2_000)
      after(isLate ? duration(.seconds(8)) : travel(process.host)) { [self] in
        guard isReachable(process.host) else { return }
        let answer = perform(&state, now)
        guard process.isAlive, !isLost(process.host) else { return }
        after(travel(process.host)) { finish(answer) }
      }
    }
  }

  /// Commits, and finds out what became of it for as long as that takes.
  func commit(
    _ transaction: StoreTransaction, for process: SimulatedProcess,
    then done: @escaping (WriteOutcome) -> Void
  ) {
    var transaction = transaction
    transaction.operation = StoreOperationID(using: &random)
    let final = transaction
    request(
      from: process,
      { (state, now) -> Result<CommitOutcome, StoreError> in
        do throws(StoreError) {
          return .success(try state.commit(final, at: now))
        } catch {
          return .failure(error)
        }
      },
      then: { [self] answer in
        switch answer {
        case .success(.succeeded(let revision)): done(.made(revision))
        case .success(.conflict(let conflict)): done(.conflict(conflict))
        case .success(.unknown), nil: resolve(final.operation, for: process, then: done)
        case .failure(let error): done(.notMade(isLeaseGone: error.code == .leaseNotFound))
        }
      })
  }

  private func resolve(
    _ operation: StoreOperationID, for process: SimulatedProcess,
    then done: @escaping (WriteOutcome) -> Void
  ) {
    request(from: process, { $0.resolve(operation, at: $1) }) { [self] answer in
      switch answer {
      case .committed(let revision): done(.made(revision))
      case .abandoned: done(.notMade(isLeaseGone: false))
      case nil: resolve(operation, for: process, then: done)
      }
    }
  }

  /// Reads a range whole, again and again until it works.
  func read(
    _ range: StoreRange, for process: SimulatedProcess, isRepeated: Bool = true,
    then done: @escaping ([FleetChange], StoreRevision, _ asked: Duration) -> Void
  ) {
    let asked = process.host.local(now)
    cost.reads += 1
    request(
      from: process,
      { [keys] (state, now) -> ([FleetChange], StoreRevision) in
        var found: [FleetChange] = []
        var next: StoreRange? = range
        var revision = StoreRevision.zero
        // Nothing happens between two pages, so they are one.
        while let range = next, let page = try? state.read(range, at: now) {
          found += page.entries.compactMap { keys.change(.put($0)) }
          revision = page.revision
          next = page.rest
        }
        return (found, revision)
      },
      then: { [self] answer in
        if let answer { return done(answer.0, answer.1, asked) }
        if isRepeated { read(range, for: process, then: done) }
      })
  }

  func grantLease(_ process: SimulatedProcess) {
    let time = options.times.lease
    request(from: process, { try? $0.grantLease(timeToLive: time, at: $1) }) { [self] answer in
      guard let lease = answer ?? nil else { return grantLease(process) }
      process.lease = lease.id
      send(InstanceMachine.Event.leased(lease.id), to: process)
      send(ControllerMachine.Event.leased(lease.id), to: process)
    }
  }

  /// Keeps the lease alive at a third of its time, for as long as the process lives.
  func keepAlive(_ process: SimulatedProcess) {
    after(options.times.lease / 3) { [self] in
      guard process.isAlive else { return }
      keepAlive(process)
      guard let lease = process.lease else { return }
      cost.keepAlives += 1
      refresh(lease, of: process)
    }
  }

  /// One request, which is not repeated. Nobody is told of its success who has no use for it.
  private func refresh(_ lease: StoreLeaseID, of process: SimulatedProcess) {
    guard !isLost(process.host) else { return }
    let sent = process.host.local(now)
    after(travel(process.host)) { [self] in
      guard isReachable(process.host) else { return }
      let isAlive = (try? state.keepAlive(lease, at: now)) != nil
      guard process.isAlive, !isLost(process.host), !isAlive || process.needsToHear else { return }
      after(travel(process.host)) { [self] in
        guard process.lease == lease else { return }
        if isAlive { return send(.heard(since: sent), to: process) }
        process.lease = nil
        send(InstanceMachine.Event.leaseLost, to: process)
        send(ControllerMachine.Event.leaseLost, to: process)
      }
    }
  }

  // MARK: Watches

  typealias WatchPath = ReferenceWritableKeyPath<SimulatedProcess, SimulatedProcess.Watch>

  func open(_ path: WatchPath, of process: SimulatedProcess, after revision: StoreRevision) {
    process[keyPath: path].number += 1
    process[keyPath: path].isOpen = true
    process[keyPath: path].revision = revision
    let number = process[keyPath: path].number
    guard isReachable(process.host) else { return lose(path, of: process, number) }
    // What happened meanwhile.
    let range = process[keyPath: path].isEverything ? keys.all : keys.orders
    var cursor = StoreWatchCursor(range, after: revision)
    while let event = cursor.next(in: state) {
      switch event {
      case .changes(let commit):
        deliver(
          commit.revision, commit.changes.compactMap { keys.change($0) }, by: path, to: process)
      case .compacted: return relist(path, of: process)
      default: break
      }
    }
  }

  /// Tells those who watch of a commit.
  func deliver(_ revision: StoreRevision, _ changes: [FleetChange]) {
    let orders = changes.filter { keys.orders.contains($0.key) }
    if !orders.isEmpty {
      for host in hosts {
        guard let process = host.process else { continue }
        deliver(revision, orders, by: \.ordersWatch, to: process)
      }
    }
    followers.removeAll { !$0.isAlive || !$0.isFollowing }
    for process in followers { deliver(revision, changes, by: \.fullWatch, to: process) }
  }

  func deliver(
    _ revision: StoreRevision, _ changes: [FleetChange], by path: WatchPath,
    to process: SimulatedProcess
  ) {
    var watch = process[keyPath: path]
    guard watch.isOpen, !changes.isEmpty else { return }
    cost.watchEvents += 1
    if isRough, chance(options.lost, of: 4_000) { return lose(path, of: process, watch.number) }
    watch.lastArrival = max(watch.lastArrival, now + travel(process.host))
    process[keyPath: path] = watch
    timeline.plan(at: watch.lastArrival) { [self] in
      guard process.isAlive, process[keyPath: path].number == watch.number,
        process[keyPath: path].isOpen
      else { return }
      process[keyPath: path].revision = revision
      if watch.isEverything {
        send(.changed(heard(changes, by: process), revision), to: process)
      } else {
        take(changes, at: revision, process)
      }
    }
  }

  private func take(
    _ changes: [FleetChange], at revision: StoreRevision, _ process: SimulatedProcess
  ) {
    var orders = process.orders ?? FleetOrders()
    orders.apply(changes, at: revision)
    give(orders, to: process)
  }

  func give(_ orders: FleetOrders, to process: SimulatedProcess) {
    guard orders.revision >= process.orders?.revision ?? .zero else { return }
    process.orders = orders
    send(InstanceMachine.Event.ordered(seen(orders)), to: process)
    send(ControllerMachine.Event.ordered(orders), to: process)
  }

  func breakWatches(of process: SimulatedProcess) {
    lose(\.ordersWatch, of: process, process.ordersWatch.number)
    if process.isFollowing { lose(\.fullWatch, of: process, process.fullWatch.number) }
  }

  /// A stream is broken: nothing more comes by it, and after some time it is opened again where it was.
  private func lose(_ path: WatchPath, of process: SimulatedProcess, _ number: Int) {
    guard process[keyPath: path].number == number else { return }
    process[keyPath: path].isOpen = false
    after(.milliseconds(100) + duration(Self.watchPatience)) { [self] in
      guard process.isAlive, process[keyPath: path].number == number,
        !process[keyPath: path].isOpen
      else { return }
      if process[keyPath: path].isEverything, !process.isFollowing { return }
      open(path, of: process, after: process[keyPath: path].revision)
    }
  }

  private func relist(_ path: WatchPath, of process: SimulatedProcess) {
    process[keyPath: path].isOpen = false
    if process[keyPath: path].isEverything { follow(process) } else { readOrders(process) }
  }

  /// Reads the orders, and watches them if nobody does.
  func readOrders(_ process: SimulatedProcess) {
    read(keys.orders, for: process, isRepeated: !process.ordersWatch.isOpen) {
      [self] changes, revision, _ in
      give(FleetOrders(changes, revision: revision), to: process)
      guard process.isAlive, !process.ordersWatch.isOpen else { return }
      open(\.ordersWatch, of: process, after: revision)
    }
  }

  func follow(_ process: SimulatedProcess) {
    process.isFollowing = true
    if !followers.contains(where: { $0 === process }) { followers.append(process) }
    read(keys.all, for: process) { [self] changes, revision, asked in
      guard process.isFollowing else { return }
      let view = FleetView(keys: keys, heard(changes, by: process), revision: revision)
      send(.opened(view, asked: asked), to: process)
      guard process.isAlive, process.isFollowing, !process.fullWatch.isOpen else { return }
      open(\.fullWatch, of: process, after: revision)
    }
  }
}
