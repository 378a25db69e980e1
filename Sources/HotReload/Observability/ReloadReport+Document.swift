public import WorkspaceTools

extension ReloadReport {
  /// A report as it stands in JSON: in a status, on the control socket, in what `hotreload reload --json` prints. Later
  /// versions add members.
  public struct Document: Sendable, Hashable, Codable {
    /// What became of one unit.
    public struct Unit: Sendable, Hashable, Codable {
      /// `config app`, `file group tls`, `file data/x.bin`.
      public var unit: String
      /// By ``ReloadOutcome/Kind``.
      public var outcome: String
      /// Whether other content than before is in force.
      public var isChanged: Bool
      /// What is wrong, if it was not accepted.
      public var errors: [ConfigDiagnostic.Document]

      /// Creates one.
      public init(
        unit: String, outcome: String, isChanged: Bool, errors: [ConfigDiagnostic.Document]
      ) {
        self.unit = unit
        self.outcome = outcome
        self.isChanged = isChanged
        self.errors = errors
      }
    }

    /// How long a phase took.
    public struct Phase: Sendable, Hashable, Codable {
      /// By ``ReloadPhase``.
      public var phase: String
      /// Nanoseconds.
      public var duration: Int64

      /// Creates one.
      public init(phase: String, duration: Int64) {
        self.phase = phase
        self.duration = duration
      }
    }

    /// Who asked for it.
    public var producers: [String]
    /// The generation that was in force when it ended.
    public var generation: UInt64
    /// See ``ReloadReport/contentFolder``.
    public var contentFolder: String?
    /// Whether nothing was rejected.
    public var isAccepted: Bool
    /// Nanoseconds.
    public var duration: Int64
    /// What became of each unit.
    public var units: [Unit]
    /// The phases that it went through, in order.
    public var phases: [Phase]

    /// Creates one.
    public init(
      producers: [String], generation: UInt64, isAccepted: Bool, duration: Int64, units: [Unit],
      phases: [Phase]
    ) {
      self.producers = producers
      self.generation = generation
      self.isAccepted = isAccepted
      self.duration = duration
      self.units = units
      self.phases = phases
    }

    /// What a report says. Nothing is hidden; see ``redacted(by:)``.
    public init(_ report: ReloadReport) {
      producers = report.producers.map(\.description)
      generation = report.generation
      contentFolder = report.contentFolder?.string
      isAccepted = report.isAccepted
      duration = report.duration.nanosecondsClamped
      units = report.units.map { unit in
        Unit(
          unit: unit.unit.description, outcome: unit.outcome.kind.rawValue,
          isChanged: unit.isChanged,
          errors: unit.outcome.diagnostics.map { ConfigDiagnostic.Document($0) })
      }
      phases = report.phases.map { phase in
        Phase(phase: phase.phase.rawValue, duration: phase.duration.nanosecondsClamped)
      }
    }

    /// The same without messages that may quote the value of a secret key.
    public func redacted(by rules: RedactionRules = .default) -> Document {
      var shown = self
      for index in units.indices {
        shown.units[index].errors = units[index].errors.map { $0.redacted(by: rules) }
      }
      return shown
    }
  }
}
