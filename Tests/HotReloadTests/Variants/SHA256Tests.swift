import Testing

@testable import HotReload

@Suite("SHA-256")
struct SHA256Tests {
  private func hexadecimal(_ digest: SHA256.Digest) -> String {
    (0..<4).map { index in
      let digits = String(digest[index], radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  @Test(
    "gives the digests of the standard's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func standard(text: String, expected: String) {
    #expect(hexadecimal(SHA256().digest(of: text)) == expected)
  }

  @Test("gives the same digest wherever a message is cut into its beginning and the rest")
  func beginnings() {
    for length in [1, 54, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 200] {
      let text = String(repeating: "0123456789abcdef", count: 13).prefix(length)
      let whole = SHA256().digest(of: String(text))
      for cut in 0...length {
        let beginning = SHA256(beginning: Array(text.prefix(cut).utf8))
        #expect(beginning.digest(of: String(text.dropFirst(cut))) == whole)
      }
    }
  }
}
