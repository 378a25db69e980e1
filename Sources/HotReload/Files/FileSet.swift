import HashTreeCollections
public import SystemPackage
public import WorkspaceFiles
public import WorkspaceTools

/// All files of a unit, such as the templates or the assets of a workspace, each read as it was at one moment.
///
/// A value that never changes. A new version shares with the one before all that is the same, so that one changed file
/// among many costs little.
public struct FileSet: Sendable {
  /// One file.
  public struct File: Sendable {
    /// Its path relative to the root, such as `templates/pages/index.mustache`.
    public var path: FilePath
    /// The whole content; nil for a large file, whose content is read where it is needed.
    public var bytes: [UInt8]?
    /// How many bytes it has.
    public var size: Int
    /// The digest of the content. A file of more than 64 MiB is not read: its size and times take the place of its content.
    public var digest: ContentDigest
    /// What the file system said of it when it was read; nil if it was made by a program.
    public var stamp: FileStamp?
    /// Where the links on its path lead, relative to the root; nil if there are none.
    package var linkTarget: FilePath?

    /// Creates a file from its content.
    public init(path: FilePath, bytes: [UInt8], stamp: FileStamp? = nil) {
      self.path = path
      self.bytes = bytes
      self.stamp = stamp
      size = bytes.count
      digest = ContentDigest(of: bytes)
    }

    /// The content as text; nil if it is not kept, or not UTF-8.
    public var text: String? {
      bytes.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Adds to the set's fingerprint; the same for all files of one path and content.
    fileprivate var mark: ContentDigest {
      ContentDigest(of: Array("\(digest) \(path)".utf8))
    }
  }

  /// What tells a version from all others, also from another one that was made from the same.
  private final class Version: Sendable {}

  /// One step from a version to the next.
  private struct Step: Sendable {
    var before: Version
    var paths: [FilePath]
  }

  /// So many steps back are remembered, and so many paths in each; beyond that versions are compared file by file.
  static let maximumSteps = 64
  static let maximumPathsInStep = 1_024

  private var storage: TreeDictionary<FilePath, File> = [:]
  private var version = Version()
  private var steps: [Step] = []
  private var sum: (UInt64, UInt64) = (0, 0)
  /// The folder that the files were read from, and from which the content of large ones is read; nil if a program made
  /// the set.
  public package(set) var root: FilePath?
  /// Files that are there and were left out, and why: they cannot be read, or a link leads out of the root.
  public package(set) var problems: [ConfigDiagnostic] = []

  /// The files that a link stands for, or a link to a folder above them, sorted.
  package var linked: [FilePath] = []

  /// Creates a set of these files; of two with one path the later.
  public init(_ files: some Sequence<File> = []) {
    for file in files { put(file, at: file.path) }
  }

  /// How many files it has.
  public var count: Int { storage.count }

  /// Whether it has none.
  public var isEmpty: Bool { storage.isEmpty }

  /// The file at a path relative to the root; nil if there is none.
  public subscript(path: FilePath) -> File? { storage[path] }

  /// The files, in no order that means anything.
  public var files: some Sequence<File> & Sendable { storage.values }

  /// The paths, sorted.
  public var paths: [FilePath] { storage.keys.sorted { $0.string < $1.string } }

  /// Equal for sets of equal files, also in another process.
  public var fingerprint: ContentDigest { ContentDigest(first: sum.0, second: sum.1) }

  /// The paths at which this version differs from another one: what was added, removed or has another content.
  ///
  /// Between versions that lie few changes apart it takes as long as there are changes, whatever the size of the sets.
  public func differences(from other: FileSet) -> Set<FilePath> {
    var different: Set<FilePath> = []
    if let paths = pathsBetween(other) {
      for path in paths where storage[path]?.digest != other.storage[path]?.digest {
        different.insert(path)
      }
      return different
    }
    for (path, file) in storage where other.storage[path]?.digest != file.digest {
      different.insert(path)
    }
    for path in other.storage.keys where storage[path] == nil { different.insert(path) }
    return different
  }

  /// The version with other files in place of some; nil takes a file away.
  public func replacing(_ files: [FilePath: File?]) -> FileSet {
    var next = self
    for (path, file) in files { next.put(file, at: path) }
    next.version = Version()
    if files.count > Self.maximumPathsInStep {
      next.steps = []
    } else {
      if next.steps.count == Self.maximumSteps { next.steps.removeFirst() }
      next.steps.append(Step(before: version, paths: Array(files.keys)))
    }
    return next
  }

  private mutating func put(_ file: File?, at path: FilePath) {
    if let mark = storage[path]?.mark {
      sum = (sum.0 &- mark.first, sum.1 &- mark.second)
    }
    storage[path] = file
    if let mark = file?.mark { sum = (sum.0 &+ mark.first, sum.1 &+ mark.second) }
  }

  /// All paths at which something happened between the two; nil if that is not known.
  private func pathsBetween(_ other: FileSet) -> Set<FilePath>? {
    if version === other.version { return [] }
    for (older, newer) in [(other, self), (self, other)] {
      guard let first = newer.steps.firstIndex(where: { $0.before === older.version }) else {
        continue
      }
      return Set(newer.steps[first...].flatMap(\.paths))
    }
    return nil
  }
}

extension FileSet: Equatable {
  /// True if both have the same paths with the same contents. A touch makes no difference.
  public static func == (left: FileSet, right: FileSet) -> Bool {
    left.count == right.count && left.sum == right.sum && left.differences(from: right).isEmpty
  }
}

extension FileSet {
  /// All assets below a root, read now. Blocks.
  /// - Parameter excluding: globs of what is left out.
  /// - Throws: ``ReloadRefusal`` if a file changed each time it was read, or there are too many; `GlobError`.
  package static func assets(under root: FilePath, excluding: [String]) throws -> FileSet {
    let include = Classifier.assetFolders.sorted().map { "\($0)/**/*" }
    let reader = FileSetReader(
      root: root, filter: try PathFilter(include: include, exclude: excluding),
      belongs: { _ in true })
    switch reader.read(nil) {
    case .content(.set(let set)): return set
    case .rejected(let problems): throw ReloadRefusal(problems)
    default: return FileSet()
    }
  }
}
