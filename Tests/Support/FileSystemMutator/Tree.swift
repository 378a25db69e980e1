import Glibc

/// A path as bytes, without the NUL at its end.
typealias Path = [UInt8]

/// Joins with a slash.
func / (folder: Path, name: Path) -> Path { folder + [UInt8(ascii: "/")] + name }

extension Path {
  /// The path as C wants it.
  func asC<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (self + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
    }
  }

  /// Everything before the last slash.
  var parent: Path { Array(self[..<(lastIndex(of: UInt8(ascii: "/")) ?? 0)]) }

  /// The part after the last slash.
  var name: Path { Array(self[((lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]) }

  /// For people: what is not printable as \xNN.
  var readable: String {
    map { byte in
      byte >= 0x20 && byte < 0x7F
        ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }.joined()
  }
}

/// What is below a folder, sorted by bytes, so that a choice by number is the same in every run.
struct Tree {
  private(set) var files: [Path] = []
  private(set) var folders: [Path] = []
  private(set) var links: [Path] = []

  /// Lists everything below `top`, which counts as a folder itself. Links are not followed.
  init(_ top: Path) {
    folders.append(top)
    visit(top)
  }

  /// Files and links: what a name can be taken from or given to alone.
  var leaves: [Path] { files + links }

  private mutating func visit(_ folder: Path) {
    guard let stream = folder.asC({ opendir($0) }) else { return }
    defer { closedir(stream) }
    var names: [Path] = []
    while let entry = readdir(stream) {
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
      let name = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
      names.append(Path(UnsafeRawBufferPointer(start: name, count: strlen(name))))
    }
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) })
    where name != [0x2E] && name != [0x2E, 0x2E] {
      let path = folder / name
      var status = stat()
      guard path.asC({ lstat($0, &status) }) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        folders.append(path)
        visit(path)
      case S_IFLNK: links.append(path)
      default: files.append(path)
      }
    }
  }
}
