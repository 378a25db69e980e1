import Crypto
import Foundation
import HotReloadFleet
import HotReloadTesting
import SystemPackage
import Testing

@Suite struct BundleSigningTests {
  // Made by the commands of Documentation/FLEET-BUNDLES.md with OpenSSL 3.0.
  private static let raw = "4fc6d4805774aed3cb61aee491727f23852cdf6ee9390d571d98ef8af85324d8"
  private static let base64 = "T8bUgFd0rtPLYa7kkXJ/I4Us327pOQ1XHZjvivhTJNg="
  private static let pem = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAT8bUgFd0rtPLYa7kkXJ/I4Us327pOQ1XHZjvivhTJNg=
    -----END PUBLIC KEY-----

    """
  private static let signature =
    "vWZbc0DWitwYloji8UmbvqSKQyK25MnWSJ3KOCLdQT+eJ5mldlQ1dkxGmb8QW/yO/Pc88QeagMs8tf61xfkxAA=="

  @Test(arguments: [
    raw, raw.uppercased(), base64, pem, pem.replacing("\n", with: "\r\n"), " \(raw)\n",
    "MCowBQYDK2VwAyEAT8bUgFd0rtPLYa7kkXJ/I4Us327pOQ1XHZjvivhTJNg=",
  ])
  func `A key that openssl wrote is read in each form, and its signature is known`(
    _ text: String
  ) throws {
    let key = try BundleSigningKey(text)
    let signed = Array("signed\n".utf8)
    #expect(key.isSignature(Self.signature, of: signed))
    #expect(key.isSignature(Self.signature + "\n", of: signed))
    #expect(!key.isSignature(Self.signature, of: Array("signed".utf8)))
    #expect(!key.isSignature("", of: signed))
    #expect(!key.isSignature(String(Self.signature.dropLast(4)), of: signed))
    #expect(!key.isSignature("\u{0}not base64", of: signed))
  }

  @Test func `A key is read from a file`() throws {
    let folder = try TemporaryWorkspace()
    try folder.write("key.pub", Self.pem)
    #expect(
      try BundleSigningKey(file: folder.root.appending("key.pub")) == BundleSigningKey(Self.raw))
    #expect(throws: BundleError.self) {
      try BundleSigningKey(file: folder.root.appending("other.pub"))
    }
  }

  @Test func `Another key's signature is none`() throws {
    let other = Curve25519.Signing.PrivateKey()
    let signature = try other.signature(for: Data("signed\n".utf8)).base64EncodedString()
    let key = try BundleSigningKey(Data(other.publicKey.rawRepresentation).base64EncodedString())
    #expect(key.isSignature(signature, of: Array("signed\n".utf8)))
    #expect(!(try BundleSigningKey(Self.raw)).isSignature(signature, of: Array("signed\n".utf8)))
  }

  @Test(arguments: [
    "", "key", String(raw.dropLast(2)), raw + "00", String(base64.dropLast(8)) + "====",
    pem.replacing("MCowBQYDK2Vw", with: "MCowBQYDK2Vu"),
    "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----\nAAAA\n-----END " + "PRIVATE KEY-----",
  ])
  func `What is no public key is refused`(_ text: String) {
    let error = #expect(throws: BundleError.self) { try BundleSigningKey(text) }
    #expect(error?.code == .invalidOptions)
  }
}
