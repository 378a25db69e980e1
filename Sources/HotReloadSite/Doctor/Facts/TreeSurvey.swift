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

/// Looks at every folder and file that would be watched. Links are not followed. Blocking.
struct TreeSurvey {
  /// How many entries are looked at.
  static let maximumEntries = 1_000_000
  /// How many findings of one kind are kept.
  static let maximumFindings = 64

  /// With every link resolved.
  let root: FilePath
  let filter: PathFilter

  private(set) var tree = SystemFacts.Tree()
  /// The watched files on each device.
  private(set) var filesByDevice: [UInt64: Int] = [:]
  private var examined = 0

  private struct Folder {
    /// Relative to the root.
    var path: FilePath
    /// The filter's state after the "/" that follows the path.
    var state: PathFilter.State
  }

  init(root: FilePath, filter: PathFilter) {
    self.root = root
    self.filter = filter
  }

  mutating func run() {
    var open = [Folder(path: "", state: filter.start)]
    while let folder = open.popLast() {
      guard filter.canMatchBelow(folder.state) || folder.path.isEmpty else { continue }
      open += list(folder)
      if examined >= Self.maximumEntries {
        tree.isCut = true
        break
      }
    }
    lookAtSecrets()
  }

  /// Looks at a folder's entries; gives the folders among them.
  private mutating func list(_ folder: Folder) -> [Folder] {
    tree.folders += 1
    let path = root.pushing(folder.path)
    guard Self.isAllowed(path, R_OK | X_OK) else {
      note(SystemFacts.Denied(path: folder.path, isFolder: true), in: \.denied)
      return []
    }
    var folders: [Folder] = []
    var spellings: [String: [FilePath]] = [:]
    for name in ProcessTable.names(in: path.string).sorted() {
      examined += 1
      var bytes = name
      let state = bytes.withUTF8 { filter.advance(folder.state, over: UnsafeRawBufferPointer($0)) }
      if filter.isExcluded(state) { continue }
      let relative = folder.path.appending(name)
      var status = stat()
      guard root.pushing(relative).withPlatformString({ lstat($0, &status) }) == 0 else { continue }
      let below = filter.advance(state, byte: UInt8(ascii: "/"))
      let isWatched: Bool
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        isWatched = filter.canMatchBelow(below)
        if isWatched { folders.append(Folder(path: relative, state: below)) }
      case S_IFLNK:
        isWatched = filter.isIncluded(state) || filter.canMatchBelow(below)
        if isWatched { follow(relative) }
      default:
        isWatched = filter.isIncluded(state)
        if isWatched { lookAtFile(relative, status) }
      }
      if isWatched { spellings[name.lowercased(), default: []].append(relative) }
    }
    for paths in spellings.values.sorted(by: { $0[0].string < $1[0].string }) where paths.count > 1
    {
      note(paths, in: \.collisions)
    }
    return folders
  }

  private mutating func lookAtFile(_ path: FilePath, _ status: stat) {
    tree.files += 1
    filesByDevice[UInt64(status.st_dev), default: 0] += 1
    if !Self.isAllowed(root.pushing(path), R_OK) {
      note(SystemFacts.Denied(path: path, isFolder: false), in: \.denied)
    }
  }

  private mutating func follow(_ path: FilePath) {
    guard let target = try? SystemCalls.realPath(root.pushing(path)), !target.starts(with: root)
    else { return }
    note(SystemFacts.Link(path: path, target: target), in: \.linksOut)
  }

  /// What others may reach below `secret/`; nothing if they may not enter the folder itself.
  private mutating func lookAtSecrets() {
    let folder: FilePath = "secret"
    guard let mode = Self.mode(root.pushing(folder)), mode & 0o001 != 0 else { return }
    if mode & 0o002 != 0 { note(folder, in: \.openSecrets) }
    for name in ProcessTable.names(in: root.pushing(folder).string).sorted() {
      let path = folder.appending(name)
      if let mode = Self.mode(root.pushing(path)), mode & 0o006 != 0 {
        note(path, in: \.openSecrets)
      }
    }
  }

  private mutating func note<Element>(
    _ element: Element, in list: WritableKeyPath<SystemFacts.Tree, [Element]>
  ) {
    if tree[keyPath: list].count < Self.maximumFindings { tree[keyPath: list].append(element) }
  }

  private static func mode(_ path: FilePath) -> mode_t? {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT != S_IFLNK
    else { return nil }
    return status.st_mode
  }

  static func isAllowed(_ path: FilePath, _ access: CInt) -> Bool {
    path.withPlatformString { faccessat(AT_FDCWD, $0, access, AT_EACCESS) } == 0
  }
}
