import Tracing

/// What must be known of a transaction under way to tell of it later, as times of the driver's clock.
struct TransactionMark: Sendable {
  var number: UInt64
  /// When its first phase after `classify` began.
  var began: Duration
  /// When its present phase began.
  var phaseBegan: Duration
  /// From when until when its candidates were classified; nil if there was nothing to classify.
  var classified: ClosedRange<Duration>?
  /// What the spans of those who asked for it run in.
  var origins: [ServiceContext]

  /// Nil if there is none.
  init?(_ running: ReloadDriver.Machine.Running?) {
    guard let running else { return nil }
    number = running.id.number
    phaseBegan = running.phaseStarted
    // Phases follow each other without a gap, but for the first, which is over before the transaction begins.
    began = running.phases.reduce(running.phaseStarted) { time, phase in
      phase.phase == .classify ? time : time - phase.duration
    }
    classified = running.candidate.classified
    origins = running.candidate.origins
  }
}

/// A transaction that has just ended.
struct EndedTransaction: Sendable {
  /// Nil if nobody asked for it.
  var mark: TransactionMark?
  /// What it did; nil if it was given up.
  var report: ReloadReport?
  /// When, by the driver's clock.
  var time: Duration
}
