import HotReloadTesting
import Testing
import WorkspaceFiles

@Suite("Content digests") struct ContentDigestTests {
  /// From the reference implementation's `vectors.h` (`vectors_sip128`), and again from OpenSSL:
  /// `openssl mac -macopt hexkey:0001…0f -macopt size:16 -in FILE SIPHASH`.
  @Test(
    "The digest is SipHash-2-4-128 of the bytes 0, 1, 2, …",
    arguments: [
      (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
      (2, "8177228da4a45dc7fca38bdef60affe4"), (3, "9c70b60c5267a94e5f33b6b02985ed51"),
      (7, "a1f1ebbed8dbc153c0b84aa61ff08239"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
      (9, "264499060ad9baabc47f8b02bb6d71ed"), (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
      (63, "5150d1772f50834a503e069a973fbd7c"),
    ])
  func vectors(_ count: Int, _ expected: String) {
    let bytes = (0..<count).map { UInt8($0) }
    #expect(ContentDigest(of: bytes).description == expected)
  }

  @Test("A digest of many bytes agrees with OpenSSL's, at any alignment")
  func long() {
    let bytes = (0..<1_000).map { UInt8($0 * 7 % 256) }
    let expected = "0abe9b901f7afd96f1e43635c47acb8b"
    #expect(ContentDigest(of: bytes).description == expected)
    for shift in 1..<8 {
      let shifted = [UInt8](repeating: 0, count: shift) + bytes
      shifted.withUnsafeBytes { buffer in
        let part = UnsafeRawBufferPointer(rebasing: buffer[shift...])
        #expect(ContentDigest(of: part).description == expected)
      }
    }
  }

  @Test("A changed bit, a longer and a shorter content have other digests")
  func differs() {
    var random = SeededGenerator(seed: 1)
    var seen: Set<ContentDigest> = []
    for count in 0..<200 {
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let digest = ContentDigest(of: bytes)
      #expect(seen.insert(digest).inserted)
      #expect(digest == ContentDigest(of: bytes))
      guard count > 0 else { continue }
      bytes[Int.random(in: 0..<count, using: &random)] ^=
        1 << UInt8.random(in: 0..<8, using: &random)
      #expect(digest != ContentDigest(of: bytes))
      #expect(digest != ContentDigest(of: bytes + [0]))
    }
  }

  @Test("A digest is read back from its text, and other text is refused")
  func text() {
    let digest = ContentDigest(of: Array("x".utf8))
    #expect(ContentDigest(digest.description) == digest)
    #expect(ContentDigest(first: digest.first, second: digest.second) == digest)
    #expect(ContentDigest("") == nil)
    #expect(ContentDigest(String(digest.description.dropLast())) == nil)
    #expect(ContentDigest(digest.description + "0") == nil)
    #expect(ContentDigest(String(repeating: "g", count: 32)) == nil)
    #expect(ContentDigest(String(repeating: "A", count: 32)) == nil)
  }
}
