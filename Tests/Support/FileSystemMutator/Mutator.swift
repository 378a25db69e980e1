import CSystemShims
import Glibc

/// Does one random operation after another below a root. Which ones depends only on the seed and on what is
/// there, so a run can be repeated. Operations that the system refuses (a folder into itself, a file over a
/// folder) are part of it.
struct Mutator {
  private enum Operation: String, CaseIterable {
    case write, append, overwrite, empty, replace, makeFolders, remove, removeFolder, renameFile
    case renameFolder, exchange, link, linkToFolder, retarget, hardLink, setMode, touch
    case moveOut, moveIn, moveExcluded, beginWriting, makeFIFO

    /// How often, in relation to the others.
    var weight: Int {
      switch self {
      case .write, .replace: 12
      case .append, .overwrite, .makeFolders, .remove, .renameFile: 7
      case .renameFolder, .moveIn, .moveOut, .beginWriting: 4
      case .removeFolder, .link, .exchange, .touch, .moveExcluded, .hardLink: 3
      case .empty, .retarget, .setMode, .linkToFolder: 2
      case .makeFIFO: 1
      }
    }
  }

  /// More files than this are not kept, so that a scan stays quick.
  private static let mostFiles = 120
  private static let deepest = 4
  private static let mostWriters = 3

  private let root: Path
  private let outside: Path
  private let operations: [Operation]
  private let log: CInt
  private var random: SplitMix
  private var writers: [(file: CInt, path: Path)] = []
  /// Names that were given to files with other names since the last command. They stay until the next: nobody can
  /// see what was written through a name that is gone before it was looked at.
  private var freshNames: Set<Path> = []
  private(set) var count = 0

  private static let names: [Path] =
    [
      "a", "b", "c", "config", "ignored", "d.toml", "e.txt", "f.json", "g.tmp", "sp ace",
      "new\nline",
      "größe.toml", ".hidden",
    ].map { Path($0.utf8) } + [[0xFF, 0xFE, 0x71]]

  init(root: Path, outside: Path, seed: UInt64, log: CInt, without: Set<String>) {
    self.root = root
    self.outside = outside
    self.log = log
    random = SplitMix(seed: seed)
    operations = Operation.allCases
      .filter { !without.contains($0.rawValue) }
      .flatMap { Array(repeating: $0, count: $0.weight) }
  }

  /// One operation.
  mutating func step() {
    count += 1
    let tree = Tree(root)
    if !writers.isEmpty && random.below(4) == 0 {
      finishWriting(random.below(writers.count))
    } else if tree.files.count > Self.mostFiles {
      perform(.removeFolder, tree)
    } else {
      perform(operations[random.below(operations.count)], tree)
    }
  }

  /// Closes what is open for writing, so that everything can settle.
  mutating func settle() {
    while !writers.isEmpty { finishWriting(0) }
    freshNames = []
  }

  private mutating func perform(_ operation: Operation, _ tree: Tree) {
    switch operation {
    case .write: put(anyPath(tree), O_WRONLY | O_CREAT | O_TRUNC, text())
    case .append: put(pick(tree.files), O_WRONLY | O_APPEND, text())
    case .overwrite: put(pick(tree.files), O_WRONLY, text())
    case .empty: put(pick(tree.files), O_WRONLY | O_TRUNC, [])
    case .replace: replace(random.below(3) == 0 ? anyPath(tree) : pick(tree.leaves))
    case .makeFolders: makeFolders(tree)
    case .remove: remove(pick(tree.leaves))
    case .removeFolder: removeAll(pick(Array(tree.folders.dropFirst())))
    case .renameFile: rename(pick(tree.leaves), anyPath(tree))
    case .renameFolder: rename(pick(Array(tree.folders.dropFirst())), anyPath(tree))
    case .exchange: exchange(tree)
    case .link: link(anyPath(tree), to: pick(tree.leaves))
    case .linkToFolder: link(anyPath(tree), to: pick(tree.folders))
    case .retarget: retarget(pick(tree.links), to: pick(tree.leaves))
    case .hardLink: hardLink(tree)
    case .setMode: setMode(pick(tree.files))
    case .touch: note("touch", pick(tree.files)) { $0.asC { utimensat(AT_FDCWD, $0, nil, 0) } }
    case .moveOut: rename(anyEntry(tree), outside / name())
    case .moveIn:
      let there = Tree(outside)
      rename(pick(Array(there.folders.dropFirst()) + there.leaves), anyPath(tree))
    case .moveExcluded:
      rename(anyEntry(tree), (pick(tree.folders) ?? root) / Path("ignored".utf8))
    case .beginWriting: beginWriting(pick(tree.files))
    case .makeFIFO: note("mkfifo", anyPath(tree)) { $0.asC { mkfifo($0, 0o644) } }
    }
  }

  // Choices

  private mutating func pick(_ paths: [Path]) -> Path? {
    paths.isEmpty ? nil : paths[random.below(paths.count)]
  }

  private mutating func name() -> Path { Self.names[random.below(Self.names.count)] }

  /// A file, a link or a folder.
  private mutating func anyEntry(_ tree: Tree) -> Path? {
    pick(Array(tree.folders.dropFirst()) + tree.leaves)
  }

  /// A name in a folder that exists; something may be there already.
  private mutating func anyPath(_ tree: Tree) -> Path {
    let shallow = tree.folders.filter { depth($0) < Self.deepest }
    return (pick(shallow) ?? root) / name()
  }

  private func depth(_ path: Path) -> Int {
    path.dropFirst(root.count).count { $0 == UInt8(ascii: "/") }
  }

  /// Content that no other write has, mostly of one size.
  private mutating func text() -> Path {
    let number = String(count + 1_000_000)
    return Path((random.below(4) == 0 ? number + " and more" : number).utf8)
  }

  // Operations

  private mutating func put(_ path: Path?, _ flags: CInt, _ bytes: Path) {
    note("write \(flags) \(bytes.readable)", path) { path in
      guard isFileOrNothing(path) else { return -1 }
      let file = path.asC { open($0, flags | O_CLOEXEC | O_NONBLOCK, 0o644) }
      guard file >= 0 else { return -1 }
      defer { close(file) }
      return bytes.isEmpty ? 0 : write(file, bytes, bytes.count) < 0 ? -1 : 0
    }
  }

  private mutating func replace(_ path: Path?) {
    guard let path else { return }
    let beside = path.parent / Path(".new.tmp".utf8)
    put(beside, O_WRONLY | O_CREAT | O_TRUNC, text())
    rename(beside, path)
  }

  private mutating func makeFolders(_ tree: Tree) {
    var path = pick(tree.folders) ?? root
    for _ in 0...random.below(3) where depth(path) < Self.deepest {
      path = path / name()
      note("mkdir", path) { $0.asC { mkdir($0, 0o755) } }
    }
    put(path / name(), O_WRONLY | O_CREAT | O_TRUNC, text())
  }

  private mutating func removeAll(_ folder: Path?) {
    guard let folder else { return }
    let tree = Tree(folder)
    for leaf in tree.leaves { note("unlink", leaf) { $0.asC { unlink($0) } } }
    for folder in tree.folders.reversed() { note("rmdir", folder) { $0.asC { rmdir($0) } } }
  }

  private mutating func remove(_ path: Path?) {
    if let path, freshNames.contains(path) { return }
    note("unlink", path) { $0.asC { unlink($0) } }
  }

  private mutating func rename(_ from: Path?, _ to: Path) {
    if freshNames.contains(to) { return }
    if let from, freshNames.contains(from) { return }
    note("rename to \(to.readable)", from) { from in
      from.asC { from in to.asC { Glibc.rename(from, $0) } }
    }
  }

  private mutating func exchange(_ tree: Tree) {
    guard let other = anyEntry(tree) else { return }
    note("exchange with \(other.readable)", anyEntry(tree)) { path in
      path.asC { path in other.asC { shim_rename_exchange(path, $0) } }
    }
  }

  private mutating func link(_ path: Path, to target: Path?) {
    guard let target else { return }
    note("symlink to \(target.readable)", path) { path in
      path.asC { path in target.asC { symlink($0, path) } }
    }
  }

  private mutating func retarget(_ path: Path?, to target: Path?) {
    guard let path, let target else { return }
    let beside = path.parent / Path(".link.tmp".utf8)
    link(beside, to: target)
    rename(beside, path)
  }

  private mutating func hardLink(_ tree: Tree) {
    let new = anyPath(tree)
    freshNames.insert(new)
    note("link at \(new.readable)", pick(tree.files)) { path in
      path.asC { path in new.asC { Glibc.link(path, $0) } }
    }
  }

  private mutating func setMode(_ path: Path?) {
    let mode: mode_t = [0o600, 0o644, 0o755][random.below(3)]
    note("chmod \(mode)", path) { $0.asC { chmod($0, mode) } }
  }

  /// Truncates a file and writes half of it; the rest comes some operations later.
  private mutating func beginWriting(_ path: Path?) {
    guard let path, writers.count < Self.mostWriters, isFileOrNothing(path) else { return }
    let file = path.asC { open($0, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else { return }
    note("begin to write", path) { _ in write(file, [0x68], 1) < 0 ? -1 : 0 }
    writers.append((file, path))
  }

  private mutating func finishWriting(_ index: Int) {
    let (file, path) = writers.remove(at: index)
    let rest = text()
    note("finish to write \(rest.readable)", path) { _ in
      write(file, rest, rest.count) < 0 ? -1 : 0
    }
    close(file)
  }

  /// A FIFO would make the writer wait for a reader.
  private func isFileOrNothing(_ path: Path) -> Bool {
    var status = stat()
    guard path.asC({ stat($0, &status) }) == 0 else { return true }
    return status.st_mode & S_IFMT == S_IFREG
  }

  private func note(_ what: String, _ path: Path?, _ body: (Path) -> CInt) {
    guard let path else { return }
    let result = body(path)
    let outcome = result == 0 ? "" : " (refused)"
    let place = path.starts(with: root) ? Path(path.dropFirst(root.count + 1)) : path
    let line = Path("\(count): \(what): \(place.readable)\(outcome)\n".utf8)
    _ = write(log, line, line.count)
  }
}
