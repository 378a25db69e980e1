import Foundation
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where an instance keeps what outlives it: `data/hotreload/NAME/` of its workspace, which one process at a time has.
struct InstanceFolder: Sendable {
  /// How many processes without a name of their own there can be on one workspace.
  static let maximumUnnamed = 64
  /// The largest file of what is remembered, in bytes.
  static let maximumMemory = 1 << 20

  /// The instance's name.
  let name: String
  let path: FilePath
  /// Held for as long as the process takes part.
  let lock: FileLock

  var bundles: FilePath { path.appending("bundles") }
  private var memory: FilePath { path.appending("fleet.json") }

  /// Takes the folder of an instance. Blocks.
  /// - Parameter name: nil for the host's name, with a number behind it if another process has that.
  /// - Throws: ``FleetError`` with the code `instanceBusy`, or `noContent` if it cannot be used.
  static func claim(
    _ name: String?, in workspace: Workspace
  ) throws(FleetError) -> InstanceFolder {
    if let name {
      if let folder = try tryClaim(name, in: workspace) { return folder }
      throw FleetError(
        .instanceBusy,
        "another process takes part in the fleet as \(name) on this workspace; give each process a name of its own"
      )
    }
    let host = hostName()
    for number in 1...maximumUnnamed {
      let candidate = number == 1 ? host : "\(host)-\(number)"
      if let folder = try tryClaim(candidate, in: workspace) { return folder }
    }
    throw FleetError(
      .instanceBusy,
      "\(maximumUnnamed) processes take part in the fleet on this workspace already; give this one a name of its own"
    )
  }

  private static func tryClaim(
    _ name: String, in workspace: Workspace
  ) throws(FleetError) -> InstanceFolder? {
    let path = workspace.dataDirectory.appending("hotreload").appending(name)
    do {
      guard let lock = try FileLock.tryLock(path.appending("fleet.lock")) else { return nil }
      return InstanceFolder(name: name, path: path, lock: lock)
    } catch {
      throw FleetError(
        .invalidOptions,
        "\(path) cannot be used: \(error); a fleet's instance needs a folder that it can write to",
        cause: error)
    }
  }

  /// The host's name as an instance's name: what cannot be in one is left out.
  private static func hostName() -> String {
    // Not Foundation's, which may ask a name server.
    var buffer = [CChar](repeating: 0, count: 256)
    let isKnown = gethostname(&buffer, buffer.count - 1) == 0
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = String(decoding: isKnown ? bytes : [], as: UTF8.self).prefix { $0 != "." }
    let letters = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    return letters.isEmpty ? "instance" : String(letters.prefix(FleetOptions.maximumNameBytes - 3))
  }

  /// What was remembered; nothing if that cannot be read, which `problem` says then. Blocks.
  func remembered() -> (memory: InstanceMemory, problem: String?) {
    do {
      let bytes = try readStably(memory, limit: Self.maximumMemory).bytes
      return (try JSONDecoder().decode(InstanceMemory.self, from: Data(bytes)), nil)
    } catch let error as StableReadError {
      if case .missing = error { return (InstanceMemory(), nil) }
      return (InstanceMemory(), "\(error)")
    } catch {
      return (InstanceMemory(), "\(memory) is damaged: \(error)")
    }
  }

  /// Makes it durable. Blocks.
  func remember(_ memory: InstanceMemory) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try writeAtomically(
      Array(try encoder.encode(memory)), to: self.memory, permissions: .ownerReadWrite)
  }
}
