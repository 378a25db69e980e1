import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import HotReloadProcess

@Suite("What git ignores")
struct GitIgnoreTests {
  private let folder: TemporaryWorkspace

  init() throws { folder = try TemporaryWorkspace() }

  private func ignores(_ path: FilePath, isFolder: Bool = false) -> Bool {
    GitIgnore(root: folder.root).ignores(path, isFolder: isFolder)
  }

  @Test("Folders, negation, anchors and nested files work without a repository")
  func rules() throws {
    try folder.write(".gitignore", "# comment\n\n*.log\n!keep.log\n/top\nbuild/\n\\#name\nend\\ \n")
    try folder.write("sub/.gitignore", "!a.log\nkeep.log\n/here\n")
    #expect(ignores("a.log"))
    #expect(ignores("deep/er/a.log"))
    #expect(!ignores("keep.log"))
    #expect(ignores("top") && !ignores("sub/top"))
    #expect(ignores("build/x") && !ignores("build") && ignores("build", isFolder: true))
    #expect(!ignores("sub/a.log") && ignores("sub/keep.log"))
    #expect(ignores("sub/here") && !ignores("here"))
    #expect(ignores("#name") && ignores("end ") && !ignores("end"))
    #expect(ignores(".git/index"))
  }

  @Test("A character of several bytes is one character, where git counts bytes")
  func characters() throws {
    try folder.write(".gitignore", "é\n/b/?\n/c/[é]\n")
    #expect(ignores("é") && ignores("b/é") && ignores("c/é"))
  }

  @Test(
    "A root within a repository obeys the files above it, and what is excluded for the repository alone"
  )
  func aboveTheRoot() throws {
    try folder.write(".git/info/exclude", "private\n")
    try folder.write(".gitignore", "/service/out\n*.o\n")
    try folder.write("service/main.c", "")
    let ignoring = GitIgnore(root: folder.root.appending("service"))
    #expect(ignoring.ignores("out") && ignoring.ignores("a.o") && ignoring.ignores("private"))
    #expect(!ignoring.ignores("main.c"))
  }

  @Test("A file that changes counts from then on")
  func changing() throws {
    let ignoring = GitIgnore(root: folder.root)
    #expect(!ignoring.ignores("a.log"))
    try folder.write(".gitignore", "*.log\n")
    #expect(ignoring.ignores("a.log"))
    try folder.replace(".gitignore", "*.txt\n# longer\n")
    #expect(!ignoring.ignores("a.log") && ignoring.ignores("a.txt"))
  }

  @Test("A watcher need not look into what no rule takes back")
  func excludes() throws {
    try folder.write(".gitignore", "node_modules/\n*.log\n!keep.log\n/dist\n!kept\n")
    try folder.makeDirectory("packages/a/node_modules/b")
    try folder.write("packages/a/.gitignore", "!dist\n")
    #expect(GitIgnore(root: folder.root).excludes() == ["**/node_modules/**"])
  }

  @Test("Everything is as git says, for random rules in random trees", .timeLimit(.minutes(5)))
  func differential() async throws {
    for seed in PropertySeeds(40) {
      var random = SeededGenerator(seed: seed)
      let tree = try RandomTree(&random)
      let git = try await tree.ignoredByGit()
      let ignoring = GitIgnore(root: tree.folder.root)
      for (path, isFolder) in tree.paths {
        let ours = ignoring.ignores(FilePath(path), isFolder: isFolder)
        #expect(ours == git.contains(path), "\(random): \(path) by \(tree.rules)")
      }
      // A watcher must see everything that git does not ignore.
      let excludes = try ignoring.excludes().map { try Glob($0) }
      for (path, isFolder) in tree.paths where !isFolder && !git.contains(path) {
        #expect(
          !excludes.contains { $0.matches(FilePath(path)) }, "\(random): \(path) by \(tree.rules)")
      }
    }
  }
}

/// A repository with files, folders and rules that often meet.
private struct RandomTree {
  static let names = ["a", "b", "ab", "a.o", "b.o", "[a]", "A", "a b", "x-y", "{a,b}", "!a", "#b"]
  static let patterns = [
    "a", "b", "/a", "a/", "/b/", "*.o", "!a.o", "!*.o", "a/b", "**/a", "a/**", "a/**/b", "**/b/**",
    "*",
    "!*/", "?", "??", "[ab]", "[!a]", "[^a].o", "[a-c]*", "[[:upper:]]", "[]a]", "[a", "a\\",
    "\\[a\\]", "!a", "!a/",
    "!b", "a**", "**", "/*", "!/a", "a//b", "{a,b}", "\\!a", "\\#b", "x-y", "[x-]-y", "a\\ b",
    "a b  ",
    "/**/a", "*/b", "!*/a/*", "[z-a]", "[[:nope:]]", "/", "!", "**/", "*[!.]?",
  ]

  let folder: TemporaryWorkspace
  var paths: [(path: String, isFolder: Bool)] = []
  var rules: [String: [String]] = [:]

  init(_ random: inout SeededGenerator) throws {
    folder = try TemporaryWorkspace()
    var folders = [""]
    for _ in 0..<30 {
      let parent = folders[random.below(folders.count)]
      let name = Self.names[random.below(Self.names.count)]
      let path = parent.isEmpty ? name : "\(parent)/\(name)"
      guard !paths.contains(where: { $0.path == path }), path.split(separator: "/").count < 5 else {
        continue
      }
      let isFolder = random.below(2) == 0
      if isFolder {
        try folder.makeDirectory(FilePath(path))
        folders.append(path)
      } else {
        try folder.write(FilePath(path), "")
      }
      paths.append((path, isFolder))
    }
    for place in folders where place.isEmpty || random.below(4) == 0 {
      let lines = (0...random.below(5)).map { _ in Self.patterns[random.below(Self.patterns.count)]
      }
      rules[place] = lines
      let file = place.isEmpty ? ".gitignore" : "\(place)/.gitignore"
      try folder.write(FilePath(file), lines.joined(separator: "\n") + "\n")
    }
  }

  func ignoredByGit() async throws -> Set<String> {
    let root = folder.root
    let list = paths.map(\.path).joined(separator: "\0") + "\0"
    // The rules of this machine's user must not count.
    let script = """
      export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null XDG_CONFIG_HOME=/nonexistent
      git -c init.defaultBranch=main init -q . && rm -f .git/info/exclude
      git -c core.excludesFile=/dev/null check-ignore --stdin -z --no-index || [ $? = 1 ]
      """
    let outcome = try await withQuietStarts {
      try await HelperProgram(
        invocation: ProgramInvocation(["sh", "-c", script], directory: root),
        input: Array(list.utf8), timeout: .seconds(60)
      ).run()
    }
    guard outcome.isSuccess else { throw GitFailure(output: outcome.tail.lines(20)) }
    let names = outcome.tail.bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return Set(names)
  }
}

private struct GitFailure: Error { let output: [String] }
