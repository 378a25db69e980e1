import Glibc
import SystemPackage

/// Which files a subscription should know, as the design says it, without the watcher's code.
struct Scope: Sendable {
  let root: FilePath
  let demanded: Set<FilePath>
  private let include: [ReferenceGlob]
  private let exclude: [ReferenceGlob]
  /// Folders that are followed even if they are links, because a pattern or a demand names them.
  private let followed: Set<FilePath>

  init(root: FilePath, include: [String], exclude: [String], demanded: [FilePath]) {
    self.root = root
    self.include = include.map(ReferenceGlob.init)
    self.exclude = exclude.map(ReferenceGlob.init)
    var followed: Set<FilePath> = []
    var wanted = Set(demanded)
    for path in demanded {
      var folder = path
      while folder.removeLastComponent(), !folder.isEmpty { followed.insert(folder) }
    }
    for pattern in include {
      let prefix = ReferenceGlob.literalPrefix(of: pattern)
      var path = FilePath()
      for (index, name) in prefix.folders.enumerated() {
        path.append(name)
        let isFile = prefix.isWhole && index == prefix.folders.count - 1
        if isFile { wanted.insert(path) } else { followed.insert(path) }
      }
    }
    self.followed = followed
    self.demanded = wanted
  }

  /// Whether the path is reported, if it leads to a file.
  func includes(_ path: FilePath) -> Bool {
    if demanded.contains(path) { return true }
    let bytes = Self.bytes(path)
    return include.contains { $0.matches(bytes) } && !isExcluded(path)
  }

  private func isExcluded(_ path: FilePath) -> Bool {
    var current = FilePath()
    for component in path.components {
      current.append(component)
      let bytes = Self.bytes(current)
      if exclude.contains(where: { $0.matches(bytes) }) { return true }
    }
    return false
  }

  /// Every file below `subtree` (the empty path: all), with what a reader gets now.
  func scan(below subtree: FilePath = "") -> [FilePath: FileContent] {
    var files: [FilePath: FileContent] = [:]
    visit(FilePath(), into: &files)
    for path in demanded {
      let absolute = root.appending(path.components)
      if let status = followedStatus(absolute), status.st_mode & S_IFMT == S_IFREG {
        files[path] = FileContent(at: absolute)
      }
    }
    return files.filter { $0.key.starts(with: subtree) }
  }

  private func visit(_ folder: FilePath, into files: inout [FilePath: FileContent]) {
    guard let names = try? entries(of: root.appending(folder.components)) else { return }
    for name in names {
      let path = folder.appending(name)
      let absolute = root.appending(path.components)
      guard let status = linkStatus(absolute) else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        if !isExcluded(path) { visit(path, into: &files) }
      case S_IFREG:
        if includes(path) { files[path] = FileContent(at: absolute) }
      case S_IFLNK:
        guard let target = followedStatus(absolute) else { continue }
        if target.st_mode & S_IFMT == S_IFREG && includes(path) {
          files[path] = FileContent(at: absolute)
        }
        if target.st_mode & S_IFMT == S_IFDIR && followed.contains(path) && !isExcluded(path) {
          visit(path, into: &files)
        }
      default: continue
      }
    }
  }

  private static func bytes(_ path: FilePath) -> [UInt8] {
    path.withPlatformString { pointer in
      Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
    }
  }
}
