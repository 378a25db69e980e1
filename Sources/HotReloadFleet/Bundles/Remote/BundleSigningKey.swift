import Crypto
import Foundation
public import SystemPackage
import WorkspaceFiles

/// The public half of an Ed25519 key (RFC 8032), with which bundles are known to come from who holds the other half.
///
/// `openssl pkey -pubout` writes one; see Documentation/FLEET-BUNDLES.md for making keys and signatures.
public struct BundleSigningKey: Sendable, Hashable {
  /// The most bytes of a file with a key.
  static let maximumFileBytes = 1 << 14
  private static let rawCount = 32
  private static let signatureCount = 64
  /// What precedes the key's bytes in a `SubjectPublicKeyInfo` (RFC 8410, section 4).
  private static let encodingPrefix: [UInt8] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]

  /// The key's 32 bytes.
  public let bytes: [UInt8]

  /// Reads a key as text: PEM (`-----BEGIN PUBLIC KEY-----`), or its 32 bytes in hexadecimal or base64.
  ///
  /// - Throws: ``BundleError`` with the code `invalidOptions`.
  public init(_ text: String) throws(BundleError) {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.contains("PRIVATE KEY") else {
      throw BundleError(
        .invalidOptions,
        "the key for bundles is a private one, which should not be here: give the public half, as \"openssl pkey -pubout\" "
          + "writes it")
    }
    guard let bytes = Self.bytes(of: trimmed),
      (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
    else {
      throw BundleError(
        .invalidOptions,
        "the key for bundles is no public Ed25519 key: give it in PEM, or its 32 bytes in hexadecimal or base64"
      )
    }
    self.bytes = bytes
  }

  /// Reads a key from a file with such a text. Blocks.
  ///
  /// - Throws: ``BundleError`` with the code `invalidOptions`.
  public init(file: FilePath) throws(BundleError) {
    let bytes: [UInt8]
    do {
      bytes = try readStably(file, limit: Self.maximumFileBytes).bytes
    } catch {
      throw BundleError(.invalidOptions, "the key for bundles: \(error)", cause: error)
    }
    try self.init(String(decoding: bytes, as: UTF8.self))
  }

  /// Whether a signature is this key's of these bytes.
  /// - Parameter signature: its 64 bytes in base64; white space around it does not matter.
  public func isSignature(_ signature: String, of bytes: [UInt8]) -> Bool {
    guard
      let signature = Data(
        base64Encoded: signature.filter { !$0.isWhitespace }),
      signature.count == Self.signatureCount,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: self.bytes)
    else { return false }
    return key.isValidSignature(signature, for: bytes)
  }

  private static func bytes(of text: String) -> [UInt8]? {
    if text.hasPrefix("-----BEGIN PUBLIC KEY-----"), text.hasSuffix("-----END PUBLIC KEY-----") {
      let lines = text.split(whereSeparator: \.isNewline).dropFirst().dropLast()
      return Data(base64Encoded: lines.joined()).flatMap { raw(Array($0)) }
    }
    if text.utf8.count == 2 * rawCount, text.allSatisfy(\.isHexDigit) {
      let digits = text.compactMap(\.hexDigitValue)
      return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
      }
    }
    return Data(base64Encoded: text).flatMap { raw(Array($0)) }
  }

  /// The key's bytes, if they are that, alone or in their envelope.
  private static func raw(_ bytes: [UInt8]) -> [UInt8]? {
    if bytes.count == rawCount { return bytes }
    guard bytes.count == encodingPrefix.count + rawCount, bytes.starts(with: encodingPrefix) else {
      return nil
    }
    return Array(bytes.dropFirst(encodingPrefix.count))
  }
}
