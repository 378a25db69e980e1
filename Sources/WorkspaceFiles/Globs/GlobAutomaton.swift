/// A deterministic automaton over bytes for a set of include and exclude globs.
///
/// Built whole by the subset construction over classes of bytes that no pattern tells apart (Aho,
/// Sethi, Ullman, "Compilers", 3.6). A row of the table holds one target per class and then the
/// row's flags; a target is the offset of its row, so a step is one addition and one load.
final class GlobAutomaton: Sendable {
  /// What is known in a state.
  struct Flags: OptionSet {
    var rawValue: UInt32
    /// The bytes so far are included and not excluded.
    static let included = Flags(rawValue: 1)
    /// The bytes so far, or a folder above, are excluded.
    static let excluded = Flags(rawValue: 2)
    /// Some continuation is included.
    static let canInclude = Flags(rawValue: 4)
    /// Some continuation is not excluded.
    static let canKeep = Flags(rawValue: 8)
  }

  /// The most states of one automaton.
  static let maximumStates = 8_192

  let classes: ContiguousArray<UInt8>
  let table: ContiguousArray<UInt32>
  let stride: Int
  /// The offset of the first state's row.
  let start: UInt32

  var stateCount: Int { table.count / stride }

  init(classes: [UInt8], rows: [[Int]], flags: [Flags], start: Int) {
    let stride = (rows.first?.count ?? 0) + 1
    var table: ContiguousArray<UInt32> = []
    table.reserveCapacity(rows.count * stride)
    for (row, flag) in zip(rows, flags) {
      for target in row { table.append(UInt32(truncatingIfNeeded: target * stride)) }
      table.append(flag.rawValue)
    }
    self.classes = ContiguousArray(classes)
    self.table = table
    self.stride = stride
    self.start = UInt32(truncatingIfNeeded: start * stride)
  }

  @inline(__always)
  func advance(_ row: UInt32, over bytes: UnsafeRawBufferPointer) -> UInt32 {
    classes.withUnsafeBufferPointer { classes in
      table.withUnsafeBufferPointer { table in
        var row = row
        for byte in bytes {
          row = table[Int(row) &+ Int(classes[Int(byte)])]
        }
        return row
      }
    }
  }

  @inline(__always)
  func flags(_ row: UInt32) -> Flags {
    Flags(rawValue: table[Int(row) + stride - 1])
  }
}
