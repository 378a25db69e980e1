import Synchronization
public import SystemPackage
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What git would ignore below a folder: by `.gitignore` files there and in the folders above it up to the repository's top, and by
/// `.git/info/exclude`. The folder need not be in a repository.
///
/// Files that are tracked although a pattern matches them count as ignored, for the index is not read; `.git` itself is
/// ignored always; `?` and `[…]` stand for a character, where git has a byte. Rule files are read when they are needed, and again
/// when they changed. Blocks; safe to use from any thread.
public final class GitIgnore: Sendable {
  /// The largest `.gitignore` that is read, in bytes. Beyond it a file counts as empty.
  public static let maximumFileSize = 1 << 20
  /// The most rules of one file that count.
  public static let maximumRules = 10_000
  /// How many files are remembered.
  static let maximumFiles = 10_000

  private struct RuleFile: Sendable {
    var stamp: FileStamp
    var rules: [GitIgnoreRule]
  }

  let root: FilePath
  /// The top of the repository; the root if it is in none.
  let top: FilePath
  /// The components from the top to the root.
  let prefix: [FilePath.Component]
  private let files = Mutex<[FilePath: RuleFile]>([:])

  /// Ignoring below `root`, an absolute path. Looks for the repository's top.
  public init(root: FilePath) {
    self.root = root
    var top = root
    while !Self.isTop(top), top.removeLastComponent() {}
    self.top = Self.isTop(top) ? top : root
    prefix = Array(root.components.dropFirst(self.top.components.count))
  }

  private static func isTop(_ folder: FilePath) -> Bool {
    folder.appending(".git").withPlatformString { access($0, F_OK) } == 0
  }

  /// Whether git would ignore the path, relative to the root: itself, or a folder above it.
  ///
  /// - Parameter isFolder: whether it is a folder itself; for what is gone, false.
  public func ignores(_ path: FilePath, isFolder: Bool = false) -> Bool {
    let components = prefix + path.components
    guard components.count > prefix.count else { return false }
    if components.contains(where: { $0.string == ".git" }) { return true }
    // Nothing below an ignored folder can be taken back.
    for count in 1...components.count {
      let isLast = count == components.count
      if isIgnored(components.prefix(count), isFolder: !isLast || isFolder) { return true }
    }
    return false
  }

  /// The last rule about a path decides; a file in a deeper folder comes after those above it.
  private func isIgnored(_ components: ArraySlice<FilePath.Component>, isFolder: Bool) -> Bool {
    for depth in stride(from: components.count - 1, through: 0, by: -1) {
      let folder = top.appending(components.prefix(depth))
      let path = FilePath(root: nil, components.dropFirst(depth))
      if let verdict = Self.verdict(rules(in: folder.appending(".gitignore")), path, isFolder) {
        return verdict
      }
    }
    let everywhere = rules(in: top.appending(".git/info/exclude"))
    return Self.verdict(everywhere, FilePath(root: nil, components), isFolder) ?? false
  }

  private static func verdict(
    _ rules: [GitIgnoreRule], _ path: FilePath, _ isFolder: Bool
  ) -> Bool? {
    rules.last { $0.matches(path, isFolder: isFolder) }.map { !$0.isNegated }
  }

  /// The rules of a file; none if there is no such file, or it cannot be read.
  func rules(in file: FilePath) -> [GitIgnoreRule] {
    guard
      let stamp = file.withPlatformString({ FileStamp(at: $0, in: AT_FDCWD, followLinks: true) })
    else {
      files.withLock { _ = $0.removeValue(forKey: file) }
      return []
    }
    if let known = files.withLock({ $0[file] }), known.stamp == stamp { return known.rules }
    guard let content = try? readStably(file, limit: Self.maximumFileSize) else { return [] }
    let rules = Self.rules(of: content.bytes)
    files.withLock { files in
      if files.count >= Self.maximumFiles { files = [:] }
      files[file] = RuleFile(stamp: content.stamp, rules: rules)
    }
    return rules
  }

  private static func rules(of bytes: [UInt8]) -> [GitIgnoreRule] {
    var text = String(decoding: bytes, as: UTF8.self)[...]
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    return text.utf8.split(separator: UInt8(ascii: "\n")).prefix(maximumRules).compactMap {
      GitIgnoreRule(Substring($0))
    }
  }
}
