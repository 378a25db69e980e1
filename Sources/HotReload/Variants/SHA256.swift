/// SHA-256 (FIPS 180-4) of messages that begin alike: what they have in common is hashed once.
///
/// It is here to put subjects in their place, where only a spread that is the same everywhere is needed, and where a
/// dependency on a library of cryptography would be the largest part of the module.
struct SHA256: Sendable {
  /// A digest as four numbers of eight bytes, the first bytes first, each big-endian.
  typealias Digest = SIMD4<UInt64>

  private static let blockSize = 64

  /// The state after the whole blocks of the beginning.
  private var state = SIMD8<UInt32>(
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19)
  /// What is left of the beginning: less than a block.
  private let rest: [UInt8]
  /// The size of the beginning in bytes.
  private let start: Int

  /// Messages that begin with these bytes.
  init(beginning: [UInt8] = []) {
    let whole = beginning.count & ~(Self.blockSize - 1)
    rest = Array(beginning[whole...])
    start = beginning.count
    beginning.withUnsafeBytes { bytes in
      for offset in stride(from: 0, to: whole, by: Self.blockSize) {
        Self.absorb(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 64]), into: &state)
      }
    }
  }

  /// The digest of the beginning with these bytes after it.
  func digest(of end: UnsafeRawBufferPointer) -> Digest {
    let length = rest.count + end.count
    // A byte that marks the end, and the length in bits.
    let padded = (length + 9 + Self.blockSize - 1) & ~(Self.blockSize - 1)
    return withUnsafeTemporaryAllocation(byteCount: padded, alignment: 8) { message in
      var state = state
      rest.withUnsafeBytes { message.copyMemory(from: $0) }
      UnsafeMutableRawBufferPointer(rebasing: message[rest.count...]).copyMemory(from: end)
      message[length] = 0x80
      for index in (length + 1)..<(padded - 8) { message[index] = 0 }
      let bits = UInt64(start + end.count) &* 8
      message.storeBytes(of: bits.bigEndian, toByteOffset: padded - 8, as: UInt64.self)
      for offset in stride(from: 0, to: padded, by: Self.blockSize) {
        let block = UnsafeRawBufferPointer(rebasing: message[offset..<offset + Self.blockSize])
        Self.absorb(block, into: &state)
      }
      return Self.numbers(state)
    }
  }

  /// The digest of the beginning with the UTF-8 of a text after it.
  func digest(of text: String) -> Digest {
    var text = text
    return text.withUTF8 { digest(of: UnsafeRawBufferPointer($0)) }
  }

  private static func numbers(_ state: SIMD8<UInt32>) -> Digest {
    func number(_ index: Int) -> UInt64 {
      UInt64(state[index * 2]) << 32 | UInt64(state[index * 2 + 1])
    }
    return Digest(number(0), number(1), number(2), number(3))
  }

  /// The compression function, on one block of 64 bytes.
  private static func absorb(_ block: UnsafeRawBufferPointer, into state: inout SIMD8<UInt32>) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
      for index in 0..<16 {
        let word = block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        words[index] = UInt32(bigEndian: word)
      }
      for index in 16..<64 {
        let (near, far) = (words[index &- 2], words[index &- 15])
        let first = rotated(far, 7) ^ rotated(far, 18) ^ (far >> 3)
        let second = rotated(near, 17) ^ rotated(near, 19) ^ (near >> 10)
        words[index] = words[index &- 16] &+ first &+ words[index &- 7] &+ second
      }
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      var (e, f, g, h) = (state[4], state[5], state[6], state[7])
      constants.withUnsafeBufferPointer { constants in
        for index in 0..<64 {
          let choice = (e & f) ^ (~e & g)
          let majority = (a & b) ^ (a & c) ^ (b & c)
          let first =
            h &+ (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) &+ choice
            &+ constants[index] &+ words[index]
          let second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) &+ majority
          (h, g, f, e) = (g, f, e, d &+ first)
          (d, c, b, a) = (c, b, a, first &+ second)
        }
      }
      state = state &+ SIMD8(a, b, c, d, e, f, g, h)
    }
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
