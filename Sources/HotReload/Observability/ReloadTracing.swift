import Synchronization
import Tracing
import WorkspaceTools

/// One span for each transaction that did something, with a child for each of its phases; see
/// ``HotReloadConfiguration/tracer`` for what they say.
///
/// As several may have asked for one transaction, it is no child of theirs but linked to them.
///
/// Spans are made when the transaction has ended, with the times that its report is made of, so that nothing is done for
/// them on the way. Only phases in which the program's own code runs (`validate`, `prepare`, `activate`) have theirs
/// from their begin, so that what the program does there can be a child of it.
final class ReloadTracing: Sendable {
  /// How many that asked for a transaction it is linked to; more are left out.
  static let maximumLinks = 32
  /// How many units a span names, in its attribute and as events; more are left out.
  static let maximumUnits = 128

  private typealias Instant = DefaultTracerClock.Timestamp

  /// A transaction that has a span already.
  private struct Trace {
    var root: any Span
    /// The wall clock's time minus the driver's, in nanoseconds. One for all spans of a transaction, so that a wall clock
    /// that is set meanwhile does not tear them apart.
    var offset: Int64
    /// The phases that have spans already, in order.
    var phases: [(phase: ReloadPhase, span: any Span)] = []

    func instant(_ time: Duration) -> Instant {
      Instant(nanosecondsSinceEpoch: UInt64(clamping: offset &+ time.nanosecondsClamped))
    }
  }

  private struct State {
    var traces: [UInt64: Trace] = [:]
    /// Transactions come one after the other, so none up to this one is under way.
    var lastEnded: UInt64 = 0
  }

  private let tracer: any Tracer
  private let rules = RedactionRules.default
  private let state = Mutex(State())

  /// Nil if the tracer's spans go nowhere.
  init?(_ tracer: any Tracer) {
    if tracer is NoOpTracer { return nil }
    self.tracer = tracer
  }

  /// What the program's code in the present phase of a transaction runs in; nil if the transaction is over.
  func context(
    of phase: ReloadPhase, in mark: TransactionMark, at now: Duration
  ) -> ServiceContext? {
    state.withLock { state in
      guard mark.number > state.lastEnded else { return nil }
      var trace = state.traces[mark.number] ?? begin(mark, at: now)
      let span = start(phase, in: trace, at: mark.phaseBegan)
      trace.phases.append((phase, span))
      state.traces[mark.number] = trace
      return span.context
    }
  }

  /// Completes the spans of a transaction.
  func end(_ ended: EndedTransaction) {
    guard let mark = ended.mark else { return }
    let open = state.withLock { state in
      state.lastEnded = max(state.lastEnded, mark.number)
      return state.traces.removeValue(forKey: mark.number)
    }
    guard let report = ended.report else { return giveUp(open, at: ended.time) }
    guard open != nil || report.hasEffect else { return }
    let trace = open ?? begin(mark, at: ended.time)
    endPhases(of: trace, report, mark, at: ended.time)
    describe(report, in: trace.root, at: trace.instant(ended.time))
    trace.root.end(at: trace.instant(ended.time))
  }

  private func begin(_ mark: TransactionMark, at now: Duration) -> Trace {
    let offset = nanosecondsSince1970() &- now.nanosecondsClamped
    let began = min(mark.began, mark.classified?.lowerBound ?? mark.began)
    let instant = Instant(
      nanosecondsSinceEpoch: UInt64(clamping: offset &+ began.nanosecondsClamped))
    let root = tracer.startSpan("hotreload.transaction", context: .topLevel, at: instant)
    for origin in mark.origins { root.addLink(SpanLink(context: origin, attributes: [:])) }
    return Trace(root: root, offset: offset)
  }

  private func start(_ phase: ReloadPhase, in trace: Trace, at time: Duration) -> any Span {
    let span = tracer.startSpan(
      "hotreload.\(phase.rawValue)", context: trace.root.context, at: trace.instant(time))
    span.attributes["hotreload.phase"] = phase.rawValue
    return span
  }

  private func endPhases(
    of trace: Trace, _ report: ReloadReport, _ mark: TransactionMark, at end: Duration
  ) {
    var open = trace.phases
    for (phase, times) in Self.times(of: report.phases, mark, until: end) {
      let span: any Span
      if let index = open.firstIndex(where: { $0.phase == phase }) {
        span = open.remove(at: index).span
      } else {
        span = start(phase, in: trace, at: times.lowerBound)
      }
      if phase == .prepare, report.units.contains(where: { $0.outcome.kind == .refused }) {
        span.setStatus(SpanStatus(code: .error, message: "a participant refused"))
      }
      span.end(at: trace.instant(times.upperBound))
    }
  }

  /// From when until when each phase lasted. The last ended with the transaction, and each begins where the one before
  /// it ended, except that classifying is over before the transaction's turn comes.
  private static func times(
    of phases: [ReloadReport.PhaseDuration], _ mark: TransactionMark, until end: Duration
  ) -> [(ReloadPhase, ClosedRange<Duration>)] {
    var times: [(ReloadPhase, ClosedRange<Duration>)] = []
    var next = end
    for phase in phases.reversed() {
      if phase.phase == .classify, let classified = mark.classified {
        times.append((.classify, classified))
      } else {
        times.append((phase.phase, (next - phase.duration)...next))
        next -= phase.duration
      }
    }
    return times.reversed()
  }

  private func describe(_ report: ReloadReport, in span: any Span, at instant: Instant) {
    let told = report.units.filter { $0.outcome.kind != .unchanged }.prefix(Self.maximumUnits)
    let gravest = report.units.map(\.outcome.kind).max { $0.gravity < $1.gravity }
    let outcome = gravest?.rawValue ?? "told"
    span.updateAttributes { attributes in
      attributes["hotreload.producers"] = report.producers.map(\.description)
      attributes["hotreload.units"] = report.units.prefix(Self.maximumUnits).map { "\($0.unit)" }
      attributes["hotreload.outcome"] = outcome
      attributes["hotreload.generation"] = Int64(clamping: report.generation)
    }
    for unit in told {
      span.addEvent(
        SpanEvent(
          name: "hotreload.unit", at: instant,
          attributes: [
            "hotreload.unit": "\(unit.unit)", "hotreload.outcome": "\(unit.outcome.kind.rawValue)",
            "hotreload.changed": .bool(unit.isChanged),
          ]))
    }
    guard let error = report.errors.first else { return }
    span.attributes["error.type"] = outcome
    span.setStatus(SpanStatus(code: .error, message: "\(error.redacted(by: rules))"))
  }

  /// Ends the spans of a transaction whose candidate is asked for again, or that a stop has ended before its swap.
  private func giveUp(_ trace: Trace?, at time: Duration) {
    guard let trace else { return }
    let status = SpanStatus(code: .error, message: "given up before anything came into force")
    for (_, span) in trace.phases { span.end(at: trace.instant(time)) }
    trace.root.attributes["error.type"] = "givenUp"
    trace.root.setStatus(status)
    trace.root.end(at: trace.instant(time))
  }
}
