/// A 128-bit fingerprint of a file's content, to tell whether it changed.
///
/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
/// 2012; reference code at github.com/veorq/SipHash). The key is fixed, so that digests can be
/// compared across restarts. Two contents that differ by accident have equal digests once in 2^64
/// files or so; somebody who knows the key could make such a pair on purpose, so this proves
/// nothing about who wrote a file.
public struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
  /// The first eight bytes of the digest, little-endian.
  public let first: UInt64
  /// The last eight bytes of the digest, little-endian.
  public let second: UInt64

  /// The digest of some bytes; about a nanosecond a byte.
  public init(of bytes: UnsafeRawBufferPointer) {
    // The key of the reference's test vectors: any fixed value is as good.
    self.init(of: bytes, key: (0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
  }

  /// The digest of some bytes; about a nanosecond a byte.
  public init(of bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { ContentDigest(of: $0) }
  }

  /// A digest as ``first`` and ``second`` gave it, from a journal for example.
  public init(first: UInt64, second: UInt64) {
    self.first = first
    self.second = second
  }

  /// A digest as ``description`` wrote it; nil if it is anything else.
  public init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 32 else { return nil }
    var halves: [UInt64] = [0, 0]
    for (index, digit) in digits.enumerated() {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      default: return nil
      }
      halves[index / 16] = halves[index / 16] << 4 | UInt64(value)
    }
    self.init(first: halves[0].byteSwapped, second: halves[1].byteSwapped)
  }

  /// The 16 bytes in hexadecimal: 32 digits in lower case.
  public var description: String {
    [first, second].map { half in
      let digits = String(half.byteSwapped, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  init(of bytes: UnsafeRawBufferPointer, key: (UInt64, UInt64)) {
    var state = SipState(key: key)
    let whole = bytes.count & ~7
    var offset = 0
    while offset < whole {
      state.absorb(
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    // The last word has the bytes that are left, and the length modulo 256 on top.
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    while offset < bytes.count {
      last |= UInt64(bytes[offset]) << UInt64(8 * (offset & 7))
      offset += 1
    }
    state.absorb(last)
    (first, second) = state.finish()
  }
}

private struct SipState {
  private var v0, v1, v2, v3: UInt64

  init(key: (UInt64, UInt64)) {
    v0 = 0x736F_6D65_7073_6575 ^ key.0
    // The last byte's 0xEE tells the 128-bit variant from the 64-bit one.
    v1 = 0x646F_7261_6E64_6F6D ^ key.1 ^ 0xEE
    v2 = 0x6C79_6765_6E65_7261 ^ key.0
    v3 = 0x7465_6462_7974_6573 ^ key.1
  }

  @inline(__always)
  private mutating func round() {
    v0 = v0 &+ v1
    v1 = (v1 << 13 | v1 >> 51) ^ v0
    v0 = v0 << 32 | v0 >> 32
    v2 = v2 &+ v3
    v3 = (v3 << 16 | v3 >> 48) ^ v2
    v0 = v0 &+ v3
    v3 = (v3 << 21 | v3 >> 43) ^ v0
    v2 = v2 &+ v1
    v1 = (v1 << 17 | v1 >> 47) ^ v2
    v2 = v2 << 32 | v2 >> 32
  }

  @inline(__always)
  mutating func absorb(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }

  mutating func finish() -> (UInt64, UInt64) {
    v2 ^= 0xEE
    for _ in 0..<4 { round() }
    let first = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xDD
    for _ in 0..<4 { round() }
    return (first, v0 ^ v1 ^ v2 ^ v3)
  }
}
