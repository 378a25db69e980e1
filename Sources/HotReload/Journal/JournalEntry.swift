public import SystemPackage
public import WorkspaceFiles
public import WorkspaceTools

/// One thing that happened to a workspace's hot reload, as the journal keeps it.
public struct JournalEntry: Sendable, Hashable {
  /// When it happened, in nanoseconds since 1970.
  public var nanoseconds: Int64
  /// What happened.
  public var event: Event

  /// Creates an entry.
  public init(nanoseconds: Int64, event: Event) {
    self.nanoseconds = nanoseconds
    self.event = event
  }

  /// What happened.
  public enum Event: Sendable, Hashable {
    /// A process began to use the journal.
    case started(run: String, process: Int32)
    /// It ended as it should.
    case stopped(run: String)
    /// Content is about to be put in force.
    case attemptBegun(AttemptID, generation: UInt64, units: [UnitFingerprint])
    /// That was over while the process lived.
    case attemptClosed(AttemptID, AttemptEnd)
    /// The process died before it was over.
    case attemptDied(AttemptID, units: [UnitFingerprint])
    /// Content came into force.
    case applied(RecordedContent)
    /// Content was refused.
    case rejected(UnitID, generation: UInt64, [ConfigDiagnostic])
    /// Content outlived its bake.
    case lastGood(RecordedContent)
    /// Content must not come into force again.
    case quarantined(UnitFingerprint, reason: String)
    /// It may come into force again.
    case quarantineCleared(UnitFingerprint)
    /// A unit is in force no more, since what came into force does not have it.
    case removed(UnitID, generation: UInt64)
    /// A unit went back, as the generation `to`, to what it was before `from`.
    case rolledBack(UnitID, from: UInt64, to: UInt64, reason: String)
    /// All generations so far are up to this one.
    case generation(UInt64)
  }
}

/// Names one attempt to put content in force.
public struct AttemptID: Sendable, Hashable {
  /// The process's run that made it.
  public var run: String
  /// Its number in that run, from 1.
  public var number: UInt64
}

/// How an attempt was over.
public enum AttemptEnd: String, Sendable, Hashable {
  /// The content outlived its bake.
  case survived
  /// The content was taken back.
  case rolledBack
  /// The content did not come into force, or was replaced before its bake was over.
  case abandoned
}

/// The content of one unit, for being recognised.
public struct UnitFingerprint: Sendable, Hashable {
  /// The unit.
  public var unit: UnitID
  /// See `ConfigTree.fingerprint`.
  public var fingerprint: ContentDigest

  /// Creates a value.
  public init(unit: UnitID, fingerprint: ContentDigest) {
    self.unit = unit
    self.fingerprint = fingerprint
  }
}

/// Which content a unit had in a generation.
public struct RecordedContent: Sendable, Hashable {
  /// One of its files. The bytes are kept apart, under their digest.
  public struct File: Sendable, Hashable {
    /// Its path relative to the root.
    public var path: FilePath
    /// Which layer it is.
    public var layer: ConfigLayer
    /// What it was parsed as.
    public var format: ConfigFormat
    /// The digest of its bytes.
    public var digest: ContentDigest
    /// How many bytes it has.
    public var size: Int
    /// Its permissions.
    public var mode: FilePermissions
  }

  /// The unit.
  public var unit: UnitID
  /// The generation in which it came into force.
  public var generation: UInt64
  /// See `ConfigTree.fingerprint`.
  public var fingerprint: ContentDigest
  /// The workspace's environment, which decides which layers there are.
  public var environment: String
  /// Its files, in the order they are merged.
  public var files: [File]

  /// The content, for being recognised.
  public var key: UnitFingerprint { UnitFingerprint(unit: unit, fingerprint: fingerprint) }
}

/// The content of a unit with its bytes, to be put into a journal.
package struct KeptContent: Sendable {
  package var record: RecordedContent
  package var layers: [RecordedLayer]

  package var unit: UnitID { record.unit }

  package init(
    unit: UnitID, generation: UInt64, fingerprint: ContentDigest, environment: String,
    layers: [RecordedLayer]
  ) {
    self.layers = layers
    record = RecordedContent(
      unit: unit, generation: generation, fingerprint: fingerprint, environment: environment,
      files: layers.map { layer in
        RecordedContent.File(
          path: layer.path, layer: layer.layer, format: layer.format, digest: layer.digest,
          size: layer.bytes.count, mode: layer.mode)
      })
  }

  /// A config as it was loaded.
  package init(
    _ loaded: LoadedConfig, fingerprint: ContentDigest, generation: UInt64, environment: String
  ) {
    self.init(
      unit: .config(loaded.name), generation: generation, fingerprint: fingerprint,
      environment: environment, layers: loaded.recordedLayers)
  }

  /// How many bytes it has.
  var size: Int { layers.reduce(0) { $0 + $1.bytes.count } }
}
