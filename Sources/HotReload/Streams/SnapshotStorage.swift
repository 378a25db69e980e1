import WorkspaceTools

/// All accepted units and their typed values at one generation. Never changes.
@usableFromInline
final class SnapshotStorage: Sendable {
  /// The address of a table in which word 0 is the storage itself, and word 1 + i the typed value of slot i, or 0.
  /// They are raw words so that a reader touches no reference count.
  @usableFromInline typealias Table = UnsafePointer<UInt>

  /// One accepted unit.
  struct Unit: Sendable {
    var content: UnitContent
    /// The generation that brought it.
    var generation: UInt64
  }

  @usableFromInline let generation: UInt64
  let units: [UnitID: Unit]
  /// The values by slot. They keep alive what the table points at.
  let values: [(any AnyTypedValue)?]
  /// Where the table is. It is allocated apart, because a reader must reach it without touching this object.
  private let address: UInt

  init(generation: UInt64, units: [UnitID: Unit], values: [(any AnyTypedValue)?]) {
    self.generation = generation
    self.units = units
    self.values = values
    let words = UnsafeMutablePointer<UInt>.allocate(capacity: values.count + 1)
    words.initialize(repeating: 0, count: values.count + 1)
    address = UInt(bitPattern: words)
    for (index, value) in values.enumerated() {
      if let value {
        let object: AnyObject = value
        words[index + 1] = UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque())
      }
    }
    words[0] = UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    UnsafeMutablePointer<UInt>(bitPattern: address)?.deallocate()
  }

  /// A config with all its layers merged, if one of that name is in force.
  func config(_ name: String) -> LoadedConfig? { units[.config(name)]?.content.config }

  var table: Table { Table(bitPattern: address).unsafelyUnwrapped }

  /// The storage whose table it is.
  static func owner(of table: Table) -> SnapshotStorage {
    object(at: 0, in: table, as: SnapshotStorage.self).takeUnretainedValue()
  }

  /// The object that word `index` points at. The word must be set, and to such an object.
  @inlinable
  @inline(__always)
  static func object<Object: AnyObject>(
    at index: Int, in table: Table, as type: Object.Type
  ) -> Unmanaged<Object> {
    let address = UnsafeRawPointer(bitPattern: table[index]).unsafelyUnwrapped
    return Unmanaged<Object>.fromOpaque(address)
  }

  /// What is at a place; nil if nothing is.
  func value(at index: Int) -> (any AnyTypedValue)? {
    index < values.count ? values[index] : nil
  }

  /// The typed value of a slot; nil if this snapshot has none, or the place belonged to another slot then.
  func value<T>(of slot: ValueSlot<T>) -> TypedValue<T>? {
    guard slot.index < values.count, let value = values[slot.index] as? TypedValue<T>,
      value.slot == slot.id
    else { return nil }
    return value
  }
}

/// One typed value as it was decoded once, for everybody.
protocol AnyTypedValue: AnyObject, Sendable {
  /// The slot it was made for.
  var slot: UInt64 { get }
  /// What it says is wrong with itself.
  var problems: [ConfigDiagnostic] { get }
  /// The same value, as a later generation brings it again.
  func again(at generation: UInt64) -> any AnyTypedValue
}

@usableFromInline
final class TypedValue<T: Sendable>: AnyTypedValue {
  @usableFromInline let value: T
  /// The generation that brought it.
  @usableFromInline let generation: UInt64
  let slot: UInt64
  /// Nil for what has neither variants nor an experiment.
  let variants: VariantValues<T>?

  init(
    _ value: T, generation: UInt64, slot: UInt64, variants: VariantValues<T>? = nil
  ) {
    self.value = value
    self.generation = generation
    self.slot = slot
    self.variants = variants
  }

  var problems: [ConfigDiagnostic] { (value as? any ProblemReporting)?.problems ?? [] }

  func again(at generation: UInt64) -> any AnyTypedValue {
    TypedValue(value, generation: generation, slot: slot, variants: variants)
  }
}
