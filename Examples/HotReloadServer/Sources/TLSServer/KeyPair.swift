import HotReload
import NIOSSL
import SystemPackage

/// A certificate chain and the key that belongs to it, of one moment.
struct KeyPair: Sendable {
  static let chainFile: FilePath = "secret/server.pem"
  static let keyFile: FilePath = "secret/server.key"

  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey

  /// Reads the pair from its files.
  /// - Throws: an `NIOSSLError` if one of them is malformed or the key belongs to another certificate; then the pair in use stays.
  init(_ files: FileGroup) throws {
    chain = try NIOSSLCertificate.fromPEMBytes(files[Self.chainFile] ?? [])
    key = try NIOSSLPrivateKey(bytes: files[Self.keyFile] ?? [], format: .pem)
    // Whether they fit is found out where they are used.
    _ = try NIOSSLContext(configuration: configuration)
  }

  var configuration: TLSConfiguration {
    .makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
  }

  /// What a handshake uses instead of what the server was started with.
  var override: NIOSSLContextConfigurationOverride {
    var override = NIOSSLContextConfigurationOverride()
    override.certificateChain = chain.map { .certificate($0) }
    override.privateKey = .privateKey(key)
    return override
  }
}
