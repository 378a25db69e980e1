public import WorkspaceTools

/// Which variant of a config a subject gets, and why.
public struct VariantAssignment<T: Sendable>: Sendable {
  /// The experiment's name.
  public let experiment: String
  /// The variant's name; `control` for the config without an overlay.
  public let variant: String
  /// Whether the config names the subject among its test subjects, so that it should not count in an evaluation.
  public let isTestSubject: Bool
  /// The variant's value.
  public let value: T
  /// The generation that brought the value.
  public let generation: UInt64
}

extension ValueStream {
  /// The value in force for a subject: that of the variant which the config's experiment gives it, else ``current``.
  ///
  /// The same subject gets the same variant on every machine, for as long as experiment, salt and weights are the same.
  /// Takes less than a microsecond, on any thread, and never waits. The subject is told of once as an
  /// ``Exposure``, if anybody listens.
  ///
  /// - Parameter subject: whom the value is for, such as a user's or a device's identifier. Its UTF-8 counts, byte by byte.
  public func current(for subject: String) -> T {
    let inForce = slot.typedValue
    guard let variants = inForce.variants, let assigner = variants.assigner else {
      return inForce.value
    }
    let choice = assigner.choice(for: subject)
    slot.exposures?.note(choice, of: subject, by: assigner, config: name, inForce.generation)
    return variants.values[choice.index]
  }

  /// The same with the variant's name; nil if the config has no experiment.
  ///
  /// - Parameter exposes: false if the subject does not get to see the value, so that there is no ``Exposure``.
  public func assignment(for subject: String, exposes: Bool = true) -> VariantAssignment<T>? {
    let inForce = slot.typedValue
    guard let variants = inForce.variants, let assigner = variants.assigner else { return nil }
    let choice = assigner.choice(for: subject)
    if exposes {
      slot.exposures?.note(choice, of: subject, by: assigner, config: name, inForce.generation)
    }
    return inForce.assignment(choice, of: variants, by: assigner)
  }

  /// The value in force in one variant; nil if there is none of that name. It is no ``Exposure``.
  ///
  /// - Parameter variant: its name; `control` for ``current``.
  public func current(in variant: String) -> T? {
    slot.typedValue.value(in: variant)
  }

  /// The names of the variants in force: `control`, and then the others in the order of their bytes.
  public var variants: [String] {
    slot.typedValue.variants?.names ?? [ConfigExperiment.control]
  }

  /// The experiment in force; nil if the config has none.
  public var experiment: ConfigExperiment? {
    slot.typedValue.variants?.assigner?.experiment
  }
}

extension TypedValue {
  func assignment(
    _ choice: VariantAssigner.Choice, of variants: VariantValues<T>, by assigner: VariantAssigner
  ) -> VariantAssignment<T> {
    VariantAssignment(
      experiment: assigner.experiment.name, variant: variants.names[choice.index],
      isTestSubject: choice.isTestSubject, value: variants.values[choice.index],
      generation: generation)
  }

  func value(in variant: String) -> T? {
    guard let variants else { return variant == ConfigExperiment.control ? value : nil }
    return variants.names.firstIndex(of: variant).map { variants.values[$0] }
  }
}

extension Snapshot {
  /// The value that the stream's ``ValueStream/current(for:)`` was in this snapshot; nil if the stream was made later. It
  /// is no ``Exposure``.
  public func value<T>(of stream: ValueStream<T>, for subject: String) -> T? {
    guard let value = storage.value(of: stream.slot) else { return nil }
    guard let variants = value.variants, let assigner = variants.assigner else {
      return value.value
    }
    return variants.values[assigner.choice(for: subject).index]
  }

  /// A config in one of its variants, with all its layers merged; nil if there is no such variant in force.
  public func config(_ name: String, variant: String) -> ConfigTree? {
    storage.config(name)?.variant(variant)?.tree
  }

  /// How subjects are distributed over a config's variants; nil if nothing is said about that, or none of that name was
  /// accepted.
  public func experiment(of name: String) -> ConfigExperiment? {
    storage.config(name)?.experiment
  }

  /// The names of a config's variants: `control`, and then the others in the order of their bytes; nil if none of that name
  /// was accepted.
  public func variants(of name: String) -> [String]? {
    storage.config(name).map { [ConfigExperiment.control] + $0.variants.map(\.name) }
  }
}
