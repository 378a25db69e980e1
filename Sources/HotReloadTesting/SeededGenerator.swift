/// Random numbers that a seed repeats, the same on every machine.
///
/// The algorithm is SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014, in the form of Sebastiano Vigna (https://prng.di.unimi.it/splitmix64.c). Every seed is as good as
/// any other, near ones too. Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable, CustomStringConvertible {
  /// What this generator was made from.
  public let seed: UInt64
  private var state: UInt64

  /// Creates a generator that gives the same numbers each time.
  public init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up to, but not including, `bound`; 0 for a bound below 1.
  public mutating func below(_ bound: Int) -> Int {
    Int.random(in: 0..<max(bound, 1), using: &self)
  }

  /// How to run the same again: `HOTRELOAD_SEED=17`. For the message of a failure.
  public var description: String { "\(PropertySeeds.oneVariable)=\(seed)" }
}
