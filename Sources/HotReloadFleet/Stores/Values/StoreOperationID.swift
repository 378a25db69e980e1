/// The name of one transaction, by which a store knows it again: 128 random bits.
public struct StoreOperationID: Sendable, Hashable {
  /// Its 16 bytes.
  public let bytes: [UInt8]

  /// A new name, unlike all others.
  public init() {
    var generator = SystemRandomNumberGenerator()
    self.init(using: &generator)
  }

  /// A new name from a generator, for simulations that must come out the same each time.
  public init(using generator: inout some RandomNumberGenerator) {
    let words = [generator.next(), generator.next()] as [UInt64]
    bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  /// A name that was kept somewhere; nil if these are not 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }
}

extension StoreOperationID: CustomStringConvertible {
  /// The bytes in hexadecimal.
  public var description: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
