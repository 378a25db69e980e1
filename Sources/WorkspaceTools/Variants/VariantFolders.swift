import Synchronization
import SystemPackage
import WorkspaceFiles

/// Which overlays of variants there are in the folders of configs.
///
/// Their names are not known beforehand, so the folder has to be listed. It is listed again only if its stamp says that
/// an entry may have come or gone, so that loading a thousand configs of one folder does not list it a thousand times.
final class VariantFolders: Sendable {
  /// The largest number of folders that are remembered; beyond it, all are forgotten.
  static let maximumKept = 1_024

  private struct Listing {
    var stamp: FileStamp
    /// By the config's name, in the order they are merged.
    var overlays: [String: [ConfigCandidate]]
  }

  private let listings = Mutex<[FilePath: Listing]>([:])

  /// The overlays of a config, one variant's after the other's. Blocking.
  ///
  /// - Throws: ``ConfigError`` with `unreadable` if the folder cannot be listed for another reason than its permissions.
  func overlays(of name: String, in root: FilePath) throws(ConfigError) -> [ConfigCandidate] {
    let folder = ConfigFiles.path(of: name, layer: .base, fileExtension: "toml")
      .removingLastComponent()
    let now = SystemCalls.currentTime()
    let path = root.pushing(folder)
    let stamp = path.withPlatformString {
      FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: true)
    }
    guard let stamp else {
      return try missing(SystemCalls.lastError, folder, of: name)
    }
    if let known = listings.withLock({ $0[folder] }), known.stamp == stamp {
      return known.overlays[name] ?? []
    }
    let names: [String]
    do { names = try SystemCalls.entries(of: path) } catch {
      return try missing(error, folder, of: name)
    }
    let overlays = Self.overlays(among: names, in: folder)
    // Within a tick of the clock another entry could come without another stamp.
    if !stamp.isTooYoung(at: now) {
      listings.withLock { listings in
        if listings.count >= Self.maximumKept { listings.removeAll() }
        listings[folder] = Listing(stamp: stamp, overlays: overlays)
      }
    }
    return overlays[name] ?? []
  }

  /// Where there is no folder there are no overlays; nor where it may only be passed through, for nobody could tell.
  private func missing(
    _ error: Errno, _ folder: FilePath, of name: String
  ) throws(ConfigError) -> [ConfigCandidate] {
    if error.isAbsence || error == .permissionDenied { return [] }
    throw ConfigError(
      code: .unreadable, config: name,
      message: "cannot be listed, so the variants of config \(name) are not known: \(error)",
      file: folder)
  }

  private static func overlays(
    among names: [String], in folder: FilePath
  ) -> [String: [ConfigCandidate]] {
    var found: [String: [ConfigCandidate]] = [:]
    for file in names where file.utf8.contains(UInt8(ascii: "@")) {
      let path = folder.appending(file)
      guard let parsed = ConfigFiles.parse(path),
        let format = ConfigFormat(fileExtension: path.extension ?? "")
      else { continue }
      let layer = ConfigLayer(suffix: parsed.suffix)
      guard layer.variantName != nil else { continue }
      found[parsed.name, default: []].append(
        ConfigCandidate(path: path, layer: layer, format: format))
    }
    return found.mapValues { overlays in
      overlays.sorted { left, right in
        let names = (left.layer.variantName ?? "", right.layer.variantName ?? "")
        if names.0 == names.1 { return left.path.string < right.path.string }
        return names.0.utf8.lexicographicallyPrecedes(names.1.utf8)
      }
    }
  }
}
