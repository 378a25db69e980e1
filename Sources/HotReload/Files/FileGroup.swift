public import SystemPackage
public import WorkspaceFiles

/// Raw files that belong together, such as a certificate and its key, read as they were at one moment.
public struct FileGroup: Sendable, Hashable {
  /// One file.
  public struct File: Sendable, Hashable {
    /// Its path relative to the root, as it was asked for.
    public var path: FilePath
    /// The whole content.
    public var bytes: [UInt8]
    /// The digest of the content.
    public var digest: ContentDigest

    /// Creates a file, for tests.
    public init(path: FilePath, bytes: [UInt8]) {
      self.path = path
      self.bytes = bytes
      digest = ContentDigest(of: bytes)
    }
  }

  /// The group's name.
  public var name: String
  /// The files, in the order in which they were asked for.
  public var files: [File]

  /// Creates a group, for tests.
  public init(name: String, files: [File]) {
    self.name = name
    self.files = files
  }

  /// The content of a file of the group; nil if it is none of them.
  public subscript(path: FilePath) -> [UInt8]? {
    files.first { $0.path == path }?.bytes
  }
}
