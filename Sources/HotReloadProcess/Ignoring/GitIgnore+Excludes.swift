import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GitIgnore {
  /// The most folders that are looked into for rules that take back others.
  public static let maximumFolders = 20_000

  /// Globs, relative to the root, of what is surely ignored, so that a watcher need not look into it at all.
  ///
  /// They come from the rules at the root and above it. Whatever a negated rule might take back is left out, for
  /// ``ignores(_:isFolder:)`` to decide; to find those rules, all folders that are not ignored are listed. A rule that is written later
  /// does not bring back what a watcher was told not to look at.
  public func excludes() -> [String] {
    var files = [(rules: rules(in: top.appending(".git/info/exclude")), depth: 0)]
    for depth in 0...prefix.count {
      let folder = top.appending(prefix.prefix(depth))
      files.append((rules(in: folder.appending(".gitignore")), depth))
    }
    let nested = nestedNegations()
    let negated = files.flatMap(\.rules).filter(\.isNegated) + (nested ?? [])
    return files.flatMap { file in
      file.rules.compactMap { rule in
        guard !rule.isNegated, Self.isFinal(rule, despite: negated) else { return nil }
        return glob(of: rule, depth: file.depth, onlyAtRoot: nested == nil)
      }
    }
  }

  /// Two rules that end with different names cannot be about the same path.
  private static func isFinal(_ rule: GitIgnoreRule, despite negated: [GitIgnoreRule]) -> Bool {
    negated.allSatisfy { other in
      guard let name = rule.literalName, let otherName = other.literalName else { return false }
      return name != otherName
    }
  }

  /// The rule's pattern seen from the root; nil if it cannot be said.
  private func glob(of rule: GitIgnoreRule, depth: Int, onlyAtRoot: Bool) -> String? {
    let isFloating = rule.pattern.hasPrefix("**/")
    // A pattern that is tied to a folder above the root would have to be cut in two.
    guard depth == prefix.count || isFloating else { return nil }
    var pattern = rule.pattern
    if onlyAtRoot {
      if isFloating { pattern.removeFirst(3) }
      guard !pattern.contains("/") else { return nil }
    }
    guard rule.isForFolders else { return pattern }
    // `**` stands for no folder at all, too; with `/**` after it, that would be all files.
    return pattern.hasSuffix("**") ? nil : pattern + "/**"
  }

  /// The negated rules of all files below the root; nil if there are too many folders.
  private func nestedNegations() -> [GitIgnoreRule]? {
    var found: [GitIgnoreRule] = []
    var open: [FilePath] = [""]
    var count = 0
    while let folder = open.popLast() {
      count += 1
      if count > Self.maximumFolders { return nil }
      let listing = Self.list(root.pushing(folder))
      if listing.hasRules, !folder.isEmpty {
        found += rules(in: root.pushing(folder).appending(".gitignore")).filter(\.isNegated)
      }
      open += listing.folders.map { folder.appending($0) }.filter { !ignores($0, isFolder: true) }
    }
    return found
  }

  /// The folders in a folder, and whether it has a `.gitignore`. Links are not followed, as git does not.
  private static func list(_ path: FilePath) -> (folders: [FilePath.Component], hasRules: Bool) {
    guard let handle = path.withPlatformString({ opendir($0) }) else { return ([], false) }
    defer { closedir(handle) }
    var folders: [FilePath.Component] = []
    var hasRules = false
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: 1) {
          FilePath.Component(platformString: $0)
        }
      }
      guard let name, name.kind == .regular else { continue }
      if name.string == ".gitignore" { hasRules = true }
      if isFolder(path.appending(name), entry.pointee.d_type) { folders.append(name) }
    }
    return (folders, hasRules)
  }

  private static func isFolder(_ path: FilePath, _ type: UInt8) -> Bool {
    guard type == UInt8(DT_UNKNOWN) else { return type == UInt8(DT_DIR) }
    var status = stat()
    return path.withPlatformString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
