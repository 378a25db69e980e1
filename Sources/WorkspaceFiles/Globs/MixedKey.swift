/// A list of numbers as the key of a dictionary, hashed more quickly than the standard library's
/// hasher does: the numbers come from patterns of the program's owner, so nobody gains from
/// collisions.
struct MixedKey: Hashable {
  private let numbers: [UInt32]
  private let mixed: UInt64

  init(_ numbers: [UInt32]) {
    self.numbers = numbers
    var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
    for number in numbers {
      // A step of the finaliser of SplitMix64.
      mixed = (mixed ^ UInt64(number)) &* 0xBF58_476D_1CE4_E5B9
      mixed ^= mixed >> 29
    }
    self.mixed = mixed
  }

  static func == (a: MixedKey, b: MixedKey) -> Bool {
    a.mixed == b.mixed && a.numbers == b.numbers
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(mixed)
  }
}
