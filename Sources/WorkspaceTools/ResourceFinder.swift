import SystemPackage
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the files below a root that match a filter. Lists no folder below which nothing can match.
///
/// Links are followed to files and folders inside the root, and reported under their own names; links that
/// lead out are passed over, unless asked for. A link to a folder that it is itself in is not followed.
package struct ResourceFinder {
  /// The largest number of folder entries that one search looks at.
  static let maximumExamined = 1_000_000
  /// The largest number of folders below each other.
  static let maximumDepth = 128

  let root: FilePath
  let filter: PathFilter
  /// The largest number of files to find.
  var limit: Int
  var followsLinksOut = false

  package init(root: FilePath, filter: PathFilter, limit: Int, followsLinksOut: Bool = false) {
    self.root = root
    self.filter = filter
    self.limit = limit
    self.followsLinksOut = followsLinksOut
  }

  private struct Folder {
    /// The path relative to the root, ending in "/" unless it is the root.
    var path: [UInt8]
    var state: PathFilter.State
    /// Where it is, links resolved.
    var real: FilePath
    /// The ways from folder to folder that led here: each from the folder a link led to.
    var ways: [(from: FilePath, to: FilePath)]
    var start: FilePath
    var depth: Int

    /// Whether `other` is this folder or one that was passed on the way here.
    func hasPassed(_ other: FilePath) -> Bool {
      (ways + [(start, real)]).contains { $0.to.starts(with: other) && other.starts(with: $0.from) }
    }
  }

  /// The matching files, relative to the root, sorted by their bytes. Blocking.
  package func find() throws(WorkspaceError) -> [FilePath] {
    let realRoot: FilePath
    do { realRoot = try SystemCalls.realPath(root) } catch {
      throw WorkspaceError(
        code: .rootMissing, message: "cannot search \(root)", cause: error)
    }
    var found: [[UInt8]] = []
    var examined = 0
    var open = [
      Folder(
        path: [], state: filter.start, real: realRoot, ways: [], start: realRoot, depth: 0)
    ]
    while let folder = open.popLast() {
      for entry in try entries(of: folder.real) {
        examined += 1
        guard examined <= Self.maximumExamined else {
          throw tooMany("more than \(Self.maximumExamined) entries would have to be looked at")
        }
        let state = entry.name.withUnsafeBytes { filter.advance(folder.state, over: $0) }
        switch target(of: entry, in: folder, realRoot: realRoot) {
        case .file where filter.isIncluded(state):
          guard found.count < limit else { throw tooMany("more than \(limit) files match") }
          found.append(folder.path + entry.name)
        case .folder(let real, let isLink):
          guard !filter.isExcluded(state) else { continue }
          let below = filter.advance(state, byte: UInt8(ascii: "/"))
          guard filter.canMatchBelow(below) else { continue }
          guard folder.depth < Self.maximumDepth else {
            throw tooMany("folders are more than \(Self.maximumDepth) deep in \(folder.real)")
          }
          open.append(
            Folder(
              path: folder.path + entry.name + [UInt8(ascii: "/")], state: below, real: real,
              ways: isLink ? folder.ways + [(folder.start, folder.real)] : folder.ways,
              start: isLink ? real : folder.start, depth: folder.depth + 1))
        default: continue
        }
      }
    }
    found.sort { $0.lexicographicallyPrecedes($1) }
    return found.map(Self.path)
  }

  private func tooMany(_ message: String) -> WorkspaceError {
    WorkspaceError(
      code: .tooManyFiles, message: "searching \(root): \(message)",
      advice: "Use a narrower pattern, or exclude what is not wanted.")
  }

  private enum Target {
    case file
    case folder(FilePath, isLink: Bool)
    case nothing
  }

  private func target(of entry: Entry, in folder: Folder, realRoot: FilePath) -> Target {
    // Of most entries the type is all that is wanted, and to put a path together takes long.
    if Int(entry.type) == Int(DT_REG) { return .file }
    let path = folder.real.pushing(Self.path(entry.name))
    switch Int(entry.type) {
    case Int(DT_DIR): return .folder(path, isLink: false)
    case Int(DT_LNK): return linkTarget(path, in: folder, realRoot: realRoot)
    case Int(DT_UNKNOWN):
      switch SystemCalls.kind(of: path, followLinks: false) {
      case mode_t(S_IFREG): return .file
      case mode_t(S_IFDIR): return .folder(path, isLink: false)
      case mode_t(S_IFLNK): return linkTarget(path, in: folder, realRoot: realRoot)
      default: return .nothing
      }
    default: return .nothing
    }
  }

  private func linkTarget(_ path: FilePath, in folder: Folder, realRoot: FilePath) -> Target {
    guard let real = try? SystemCalls.realPath(path),
      followsLinksOut || real.starts(with: realRoot)
    else { return .nothing }
    switch SystemCalls.kind(of: real) {
    case mode_t(S_IFREG): return .file
    case mode_t(S_IFDIR): return folder.hasPassed(real) ? .nothing : .folder(real, isLink: true)
    default: return .nothing
    }
  }

  private struct Entry {
    var name: [UInt8]
    var type: UInt8
  }

  private func entries(of folder: FilePath) throws(WorkspaceError) -> [Entry] {
    guard let stream = folder.withPlatformString({ opendir($0) }) else {
      switch SystemCalls.lastError {
      // Removed since it was listed.
      case .noSuchFileOrDirectory, .notDirectory: return []
      case let error: throw .fileSystem("list the folder", folder, error)
      }
    }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [UInt8(ascii: ".")] && name != [UInt8(ascii: "."), UInt8(ascii: ".")] {
        entries.append(Entry(name: name, type: entry.pointee.d_type))
      }
      guard entries.count <= Self.maximumExamined else {
        throw tooMany("more than \(Self.maximumExamined) entries in \(folder)")
      }
    }
    return entries
  }

  private static func path(_ bytes: [UInt8]) -> FilePath {
    (bytes + [0]).withUnsafeBytes { raw in
      raw.withMemoryRebound(to: CInterop.PlatformChar.self) { characters in
        characters.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
      }
    }
  }
}
