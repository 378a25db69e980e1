import Foundation
public import WorkspaceFiles

extension ConfigTree {
  /// A digest of the value, the same in every process and on every machine: equal trees have equal
  /// fingerprints, and different ones differ, unless by an accident of 128 bits.
  ///
  /// As with `==`, locations, origins and the order of keys do not count; types do, so that `1`, `1.0` and
  /// `"1"` are three. It costs about as much as writing the value as JSON.
  public var fingerprint: ContentDigest {
    var writer = FingerprintWriter()
    writer.write(self)
    return ContentDigest(of: writer.bytes)
  }
}

/// Writes a tree as bytes that are equal if and only if the trees are: each value is a kind, and a content whose
/// end is known.
private struct FingerprintWriter {
  var bytes: [UInt8] = []

  mutating func write(_ tree: ConfigTree) {
    switch tree.value {
    case .null: bytes.append(UInt8(ascii: "0"))
    case .bool(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
    case .integer(let value):
      bytes.append(UInt8(ascii: "i"))
      write(UInt64(bitPattern: value))
    case .float(let value):
      bytes.append(UInt8(ascii: "d"))
      // All NaNs are one, and adding 0 makes a 0 of -0.
      write(value.isNaN ? Double.nan.bitPattern : (value + 0).bitPattern)
    case .string(let text):
      bytes.append(UInt8(ascii: "s"))
      write(text)
    case .date(let date): write(date)
    case .array(let elements):
      bytes.append(UInt8(ascii: "a"))
      write(UInt64(elements.count))
      for element in elements { write(element) }
    case .table(let table): write(table)
    }
  }

  private mutating func write(_ table: ConfigTable) {
    bytes.append(UInt8(ascii: "m"))
    write(UInt64(table.count))
    let keys = table.map { Self.normalized($0.key) }
    let order = keys.indices.sorted { keys[$0].utf8.lexicographicallyPrecedes(keys[$1].utf8) }
    for index in order {
      writeNormalized(keys[index])
      write(table[index].value)
    }
  }

  private mutating func write(_ date: ConfigDate) {
    bytes.append(UInt8(ascii: "D"))
    bytes += [date.kind.rawValue, date.month, date.day, date.hour, date.minute, date.second]
    write(UInt64(date.nanosecond))
    write(UInt64(bitPattern: Int64(date.year)))
    write(UInt64(bitPattern: Int64(date.offsetMinutes)))
  }

  private mutating func write(_ text: String) {
    writeNormalized(Self.normalized(text))
  }

  private mutating func writeNormalized(_ text: String) {
    write(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func write(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Two texts are equal in Swift if they are canonically equivalent in Unicode, whatever their bytes.
  private static func normalized(_ text: String) -> String {
    text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
  }
}
