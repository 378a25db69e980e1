import HotReloadTesting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The seeds of a property test: 1 to `defaultCount`, or only `HOTRELOAD_SEED` to replay a failure.
func seeds(defaultCount: UInt64) -> [UInt64] {
  if let text = getenv("HOTRELOAD_SEED"), let seed = UInt64(String(cString: text)) { return [seed] }
  return Array(1...defaultCount)
}

/// Sebastiano Vigna's SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
