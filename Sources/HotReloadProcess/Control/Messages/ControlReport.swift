/// What one transaction did.
public struct ControlReport: Sendable, Hashable, Codable {
  /// What became of one unit.
  public struct Unit: Sendable, Hashable, Codable {
    /// `config app`, `templates`, `assets` or `file data/x.bin`.
    public var unit: String
    /// `applied`, `unchanged`, `recovered`, `rejected`, or another outcome of a later version.
    public var outcome: String
    /// Whether other content than before is in force.
    public var isChanged: Bool
    /// What is wrong, if it was not accepted.
    public var errors: [ControlDiagnostic]

    /// Creates one.
    public init(unit: String, outcome: String, isChanged: Bool, errors: [ControlDiagnostic]) {
      self.unit = unit
      self.outcome = outcome
      self.isChanged = isChanged
      self.errors = errors
    }
  }

  /// How long a phase took.
  public struct Phase: Sendable, Hashable, Codable {
    /// The phase's name, such as `load`.
    public var phase: String
    /// Its duration in nanoseconds.
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
  /// Whether everything was accepted.
  public var isAccepted: Bool
  /// How long all of it took, in nanoseconds.
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
}
