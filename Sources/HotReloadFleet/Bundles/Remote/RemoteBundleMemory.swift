import Crypto
import Foundation
import SystemPackage
import WorkspaceFiles

/// What a source remembers from one process to the next: which bundle it had in force, and what the server said of it. A file
/// `remote.json` beside the bundles.
struct RemoteBundleMemory: Sendable, Codable, Hashable {
  private static let maximumBytes = 1 << 16
  static let currentVersion = 1

  var version = RemoteBundleMemory.currentVersion
  /// The SHA-256 of the address: it may have a token in it.
  var source: String
  var bundle: BundleDigest
  var validators: RemoteValidators

  init(source: BundleEndpoint, bundle: BundleDigest, validators: RemoteValidators) {
    self.source = Self.name(of: source)
    self.bundle = bundle
    self.validators = validators
  }

  static func name(of source: BundleEndpoint) -> String {
    SHA256.hexadecimal(Data(source.url.absoluteString.utf8))
  }

  /// Reads it; nil if there is none, or none that can be read. Blocks.
  static func read(in folder: FilePath) -> RemoteBundleMemory? {
    guard let file = try? readStably(path(in: folder), limit: maximumBytes),
      let memory = try? JSONDecoder().decode(Self.self, from: Data(file.bytes)),
      memory.version == currentVersion, memory.bundle.isSHA256
    else { return nil }
    return memory
  }

  /// Keeps it, durably. Blocks.
  func write(in folder: FilePath) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try writeAtomically(
      Array(try encoder.encode(self)), to: Self.path(in: folder), permissions: [.ownerReadWrite])
  }

  private static func path(in folder: FilePath) -> FilePath { folder.appending("remote.json") }
}
