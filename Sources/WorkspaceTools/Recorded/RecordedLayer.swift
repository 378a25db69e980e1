public import SystemPackage
public import WorkspaceFiles

/// One file of a config as somebody kept it: in a journal, in a backup, in a release.
public struct RecordedLayer: Sendable, Hashable {
  /// Its path relative to the root.
  public var path: FilePath
  /// Which layer it is.
  public var layer: ConfigLayer
  /// What it is to be parsed as.
  public var format: ConfigFormat
  /// Its permission bits.
  public var mode: FilePermissions
  /// The content.
  public var bytes: [UInt8]
  /// The digest of the content.
  public let digest: ContentDigest

  /// The bits of a file's mode that are kept: read, write and execute. What sets user or group is not.
  public static let keptPermissions = FilePermissions(rawValue: 0o777)

  /// Creates a layer.
  public init(
    path: FilePath, layer: ConfigLayer, format: ConfigFormat, mode: FilePermissions,
    bytes: [UInt8], digest: ContentDigest? = nil
  ) {
    self.path = path
    self.layer = layer
    self.format = format
    self.mode = mode.intersection(Self.keptPermissions)
    self.bytes = bytes
    self.digest = digest ?? ContentDigest(of: bytes)
  }

  /// The layer as it was loaded from its file.
  public init(_ loaded: LoadedLayer) {
    self.init(
      path: loaded.path, layer: loaded.layer, format: loaded.format,
      mode: FilePermissions(rawValue: CInterop.Mode(truncatingIfNeeded: loaded.stamp.mode)),
      bytes: loaded.bytes, digest: loaded.digest)
  }
}

extension LoadedConfig {
  /// The files it came from, to be kept.
  public var recordedLayers: [RecordedLayer] { layers.map { RecordedLayer($0) } }
}

extension ConfigLoader {
  /// Makes a config of files that were kept, instead of those on the disk, as ``load(_:)`` would have: merged, with
  /// `${…}` replaced and environment variables laid over, as far as the options ask for that.
  ///
  /// Blocking, but for secrets that `${file:…}` names and for the names of other configs it reads no files. What
  /// variables and secrets say is what they say now. The layers' stamps have a mode and a size, and are of no file.
  ///
  /// - Parameter layers: in the order they are merged, the base first.
  /// - Throws: ``ConfigError``; `missing` if the first is no base.
  public func load(
    _ name: String, from layers: [RecordedLayer]
  ) throws(ConfigError) -> LoadedConfig {
    try ConfigName.check(name)
    guard layers.first?.layer == .base else {
      throw ConfigError(
        code: .missing, config: name, message: "what was kept of config \(name) has no base")
    }
    let files = layers.map { layer in
      let stamp = FileStamp(
        device: 0, inode: 0, size: Int64(layer.bytes.count), modifiedNanoseconds: 0,
        changedNanoseconds: 0, bornNanoseconds: 0,
        mode: SystemCalls.regularFile | UInt32(layer.mode.rawValue), links: 1)
      return (
        candidate: ConfigCandidate(path: layer.path, layer: layer.layer, format: layer.format),
        file: StableFile(
          path: layer.path, bytes: layer.bytes, stamp: stamp,
          resolvedPath: workspace.root.pushing(layer.path))
      )
    }
    return try ConfigAssembly(loader: self, name: name).assemble(files)
  }
}
