/// Nanoseconds on a clock that never goes back. Only differences mean something.
typealias Nanoseconds = Int64

/// Decides when the paths that changed have settled: a pure machine with time as an input.
///
/// A path is open after a write and closed after its writer closed it. The set goes out when every path is
/// closed and nothing came for the quiet period. A writer that falls silent for `debounce` counts as
/// having closed. Continuous writing starves nobody: `maxWait` after the first change of a set, those
/// that are closed go, and the open ones follow. Nothing is ever dropped: what is pending is a set.
struct Settler {
  /// What a hint says about a path.
  enum Activity {
    /// A writer has it open: more may come.
    case opened
    /// Nobody is known to have it open.
    case closed
    /// Only its attributes changed; says nothing about writers.
    case attributes
    /// A scan of a watched folder found it different; a writer would have been heard of.
    case found
    /// A scan of a folder that is not watched found it different; whether somebody writes is not known.
    case polled
  }

  /// Why a path is pending.
  struct Entry: Equatable {
    /// Whether the consumer knows it as a file.
    var wasPresent: Bool
    /// Whether a comparison found it different since it was last delivered.
    var changed = false
    /// Whether a hint said that content was written, so that an equal, young stamp proves nothing.
    var written = false
    /// Whether it waits only because a scan cannot see writers; a `sync` need not wait for those.
    var unknownWriter = false
    /// Held back because it just became empty, until `debounce` has passed.
    var heldEmpty = false
    var lastActivity: Nanoseconds
  }

  /// What to do now.
  enum Decision: Equatable {
    /// Nothing is pending.
    case idle
    /// Ask again at that time, or when something happened.
    case wait(until: Nanoseconds)
    /// Take the settled paths.
    case release
  }

  let quietPeriod: Nanoseconds
  let debounce: Nanoseconds
  let maxWait: Nanoseconds

  private(set) var closed: [NodeID: Entry] = [:]
  private(set) var open: [NodeID: Entry] = [:]
  private var firstActivity: Nanoseconds = 0
  private var lastActivity: Nanoseconds = 0

  init(quietPeriod: Duration, debounce: Duration, maxWait: Duration) {
    self.quietPeriod = quietPeriod.clampedNanoseconds
    self.debounce = debounce.clampedNanoseconds
    self.maxWait = maxWait.clampedNanoseconds
  }

  var isEmpty: Bool { closed.isEmpty && open.isEmpty }

  /// Takes a hint about a path. `wasPresent` is what the consumer knows if the path is not pending yet.
  /// - Returns: whether the path became pending.
  @inline(__always)
  mutating func note(
    _ id: NodeID, _ activity: Activity, wasPresent: Bool, at now: Nanoseconds
  ) -> Bool {
    if isEmpty { firstActivity = now }
    lastActivity = now
    let previous = open[id] ?? closed[id]
    var entry = previous ?? Entry(wasPresent: wasPresent, lastActivity: now)
    entry.lastActivity = now
    entry.heldEmpty = false
    var isOpen = previous != nil && open[id] != nil
    switch activity {
    case .opened:
      entry.written = true
      entry.unknownWriter = false
      isOpen = true
    case .closed:
      entry.written = true
      entry.unknownWriter = false
      isOpen = false
    case .attributes:
      break
    case .found:
      entry.changed = true
    case .polled:
      entry.changed = true
      if !isOpen { entry.unknownWriter = true }
      isOpen = true
    }
    put(id, entry, open: isOpen)
    return previous == nil
  }

  private mutating func put(_ id: NodeID, _ entry: Entry, open isOpen: Bool) {
    if isOpen {
      closed[id] = nil
      open[id] = entry
    } else {
      if !open.isEmpty { open[id] = nil }
      closed[id] = entry
    }
  }

  /// Records that a comparison found a pending path different.
  mutating func markChanged(_ id: NodeID) {
    if closed[id] != nil {
      closed[id]?.changed = true
    } else {
      open[id]?.changed = true
    }
  }

  /// Records what the consumer has just been told of a path, in case it became pending again meanwhile.
  mutating func rebase(_ id: NodeID, wasPresent: Bool) {
    closed[id]?.wasPresent = wasPresent
    open[id]?.wasPresent = wasPresent
  }

  /// Puts a path back because it just became empty: a writer may be between truncating and writing.
  mutating func holdEmpty(_ id: NodeID, _ entry: Entry) {
    if isEmpty { firstActivity = entry.lastActivity }
    var held = entry
    held.heldEmpty = true
    open[id] = held
  }

  /// What to do at `now`.
  func decision(at now: Nanoseconds) -> Decision {
    if isEmpty { return .idle }
    if quietPeriod == 0, !closed.isEmpty { return .release }
    var wake = Nanoseconds.max
    var someAreSilent = false
    for entry in open.values {
      if isSilent(entry, at: now) {
        someAreSilent = true
      } else {
        wake = min(wake, entry.lastActivity.advanced(clamping: debounce))
      }
    }
    if wake == .max {
      let quiet = lastActivity.advanced(clamping: quietPeriod)
      return quiet <= now ? .release : .wait(until: quiet)
    }
    if someAreSilent, quietPeriod == 0 { return .release }
    if someAreSilent || !closed.isEmpty {
      let latest = firstActivity.advanced(clamping: maxWait)
      if latest <= now { return .release }
      wake = min(wake, latest)
    }
    return .wait(until: wake)
  }

  private func isSilent(_ entry: Entry, at now: Nanoseconds) -> Bool {
    entry.lastActivity.advanced(clamping: debounce) <= now
  }

  /// Takes what has settled. With `force`, also what only waits for quiet, and what a scan found without
  /// knowing of a writer.
  mutating func takeSettled(at now: Nanoseconds, force: Bool = false) -> [NodeID: Entry] {
    var settled = closed
    closed = [:]
    if !open.isEmpty {
      for (id, entry) in open where isSilent(entry, at: now) || (force && entry.unknownWriter) {
        settled[id] = entry
        open[id] = nil
      }
    }
    firstActivity = now
    return settled
  }

  /// Whether a forced ``takeSettled(at:force:)`` would take anything.
  func hasReleasable(at now: Nanoseconds) -> Bool {
    !closed.isEmpty || open.values.contains { $0.unknownWriter || isSilent($0, at: now) }
  }
}

extension Nanoseconds {
  func advanced(clamping duration: Nanoseconds) -> Nanoseconds {
    let (sum, overflow) = addingReportingOverflow(duration)
    return overflow ? .max : sum
  }
}

extension Duration {
  /// Whole nanoseconds; negative durations count as 0, and those beyond 292 years as that.
  var clampedNanoseconds: Nanoseconds {
    if self <= .zero { return 0 }
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return .max }
    return product.advanced(clamping: attoseconds / 1_000_000_000)
  }
}
