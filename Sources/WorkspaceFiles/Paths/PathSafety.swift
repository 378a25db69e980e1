public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps paths that come from outside below a root folder.
///
/// A path is refused if it is absolute, empty, has a `..` component or a NUL, or leads out of the
/// root by a symbolic link. Links are followed one component at a time, as the kernel does it, so a
/// link that leaves the root and comes back is fine. Blocks the calling thread: each component
/// costs one system call.
///
/// The answer is true at the moment of the call; who may change links below the root can change it
/// afterwards. ``readStably(_:limit:)`` closes that gap: it checks the file that it has opened.
public struct PathSafety: Sendable, Hashable {
  /// The root folder as it was given; it may be a link itself.
  public let root: FilePath
  /// Whether links may lead out of the root. Absolute paths and `..` are refused all the same.
  public let allowingLinksOutside: Bool

  /// The most links that one path may go through, as in the Linux kernel.
  public static let maximumLinks = 40

  /// Creates a check. Nothing is looked up yet.
  public init(root: FilePath, allowingLinksOutside: Bool = false) {
    self.root = root
    self.allowingLinksOutside = allowingLinksOutside
  }

  /// The absolute path, without links, that a path relative to the root leads to.
  ///
  /// What does not exist yet is fine; only what exists can be a link.
  public func resolve(_ relative: FilePath) throws(PathSafetyError) -> FilePath {
    try refuseByForm(relative)
    let realRoot = try resolvedRoot()
    let resolved = try LinkWalk(from: realRoot, for: relative).run(relative.components)
    if !allowingLinksOutside, !resolved.isInside(realRoot) {
      throw PathSafetyError(path: relative, reason: .leavesRoot(to: resolved))
    }
    return resolved
  }

  /// The same for text, such as a part of a URL or a name from a command line.
  public func resolve(_ text: String) throws(PathSafetyError) -> FilePath {
    if text.utf8.contains(0) {
      // A path ends at a NUL, so only what is before it can be named.
      throw PathSafetyError(path: FilePath(String(text.prefix { $0 != "\0" })), reason: .hasNUL)
    }
    return try resolve(FilePath(text))
  }

  /// Reads a file below the root; see ``WorkspaceFiles/readStably(_:limit:)``.
  ///
  /// - Throws: ``PathSafetyError`` or ``StableReadError``.
  public func readStably(_ relative: FilePath, limit: Int) throws -> StableFile {
    try refuseByForm(relative)
    let realRoot = try resolvedRoot()
    var outside: FilePath?
    do {
      let file = try WorkspaceFiles.readStably(
        realRoot.pushing(relative), limit: limit,
        admitting: { resolved in
          if allowingLinksOutside || resolved.isInside(realRoot) { return true }
          outside = resolved
          return false
        })
      if var file {
        file.path = relative
        return file
      }
    } catch {
      // What cannot be read may lie outside all the same, and that is what is wrong then.
      _ = try resolve(relative)
      throw error
    }
    throw PathSafetyError(path: relative, reason: .leavesRoot(to: outside ?? realRoot))
  }

  private func refuseByForm(_ path: FilePath) throws(PathSafetyError) {
    if path.isEmpty { throw PathSafetyError(path: path, reason: .empty) }
    if path.isAbsolute { throw PathSafetyError(path: path, reason: .absolute) }
    if path.string.utf8.split(separator: UInt8(ascii: "/")).contains(where: {
      $0.elementsEqual("..".utf8)
    }) {
      throw PathSafetyError(path: path, reason: .hasParentComponent)
    }
  }

  private func resolvedRoot() throws(PathSafetyError) -> FilePath {
    let resolved = root.withPlatformString { path -> FilePath? in
      guard let real = realpath(path, nil) else { return nil }
      defer { free(real) }
      return FilePath(platformString: real)
    }
    guard let resolved else {
      throw PathSafetyError(path: root, reason: .unreadable(errno: Errno(rawValue: errno)))
    }
    return resolved
  }
}

/// Follows a path one component at a time.
private struct LinkWalk {
  private let relative: FilePath
  private var current: FilePath
  private var links = 0

  init(from root: FilePath, for relative: FilePath) {
    current = root
    self.relative = relative
  }

  consuming func run(_ components: FilePath.ComponentView) throws(PathSafetyError) -> FilePath {
    // The next component is the last.
    var pending = Array(components.reversed())
    while let component = pending.popLast() {
      switch component.kind {
      case .currentDirectory: continue
      case .parentDirectory:
        // What is resolved has no links, so its parent is the folder it is in.
        current.removeLastComponent()
        continue
      case .regular: break
      }
      let next = current.appending(component)
      guard let link = try link(at: next) else {
        current = next
        continue
      }
      links += 1
      if links > PathSafety.maximumLinks {
        throw PathSafetyError(
          path: relative, reason: .unreadable(errno: .tooManySymbolicLinkLevels))
      }
      if link.isAbsolute { current = FilePath("/") }
      pending += link.components.reversed()
    }
    return current
  }

  /// Where a link leads; nil for anything else, and for nothing.
  private func link(at path: FilePath) throws(PathSafetyError) -> FilePath? {
    if let link = readLink(path) { return link }
    switch errno {
    case EINVAL, ENOENT, ENOTDIR: return nil
    default:
      throw PathSafetyError(path: relative, reason: .unreadable(errno: Errno(rawValue: errno)))
    }
  }
}

extension FilePath {
  /// Whether this absolute path without links is a folder's, or that of something in it. Of many files this is asked at
  /// once, so it compares bytes instead of components.
  fileprivate func isInside(_ folder: FilePath) -> Bool {
    withPlatformString { path in
      folder.withPlatformString { folder in
        let count = strlen(folder)
        guard count > 0, strncmp(path, folder, count) == 0 else { return false }
        let slash = CChar(UInt8(ascii: "/"))
        return folder[count - 1] == slash || path[count] == 0 || path[count] == slash
      }
    }
  }
}
