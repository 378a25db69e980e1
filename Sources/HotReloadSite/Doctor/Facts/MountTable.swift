import SystemPackage

/// What is mounted where: the lines of `/proc/self/mountinfo`. Parsing is pure.
struct MountTable: Sendable, Hashable {
  /// One mount.
  struct Mount: Sendable, Hashable {
    /// The part of the file system that is mounted, as a path in it.
    var source: FilePath
    /// Where it is mounted, absolute.
    var point: FilePath
    /// The type of the file system: `ext4`, `fuse.sshfs`.
    var type: String
    /// Whether the mount or its file system is read-only.
    var isReadOnly: Bool
  }

  /// In the order in which they were mounted: of two at one place, the later one is seen.
  var mounts: [Mount]

  /// Reads the table; a line that is not understood is passed over.
  init(_ bytes: [UInt8]) {
    mounts = bytes.split(separator: UInt8(ascii: "\n")).compactMap(Self.mount)
  }

  /// `36 35 98:0 /source /point rw,noatime shared:1 - ext4 /dev/sda1 rw`
  private static func mount(_ line: ArraySlice<UInt8>) -> Mount? {
    let fields = line.split(separator: UInt8(ascii: " "))
    guard fields.count >= 9, let dash = fields[6...].firstIndex(of: [UInt8(ascii: "-")]),
      dash + 1 < fields.count
    else { return nil }
    let options =
      text(fields[5]).split(separator: ",")
      + (dash + 3 < fields.count ? text(fields[dash + 3]).split(separator: ",") : [])
    return Mount(
      source: FilePath(text(fields[3])), point: FilePath(text(fields[4])),
      type: text(fields[dash + 1]), isReadOnly: options.contains("ro"))
  }

  /// Spaces, tabs, line feeds and backslashes stand there as `\040` and so on.
  private static func text(_ field: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let number = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(number)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The mount that a path lies on; its links must be resolved.
  func mount(of path: FilePath) -> Mount? {
    var best: Mount?
    for mount in mounts where path.starts(with: mount.point) {
      if mount.point.components.count >= best?.point.components.count ?? 0 { best = mount }
    }
    return best
  }

  /// The mounts below a folder, the one seen at each place.
  func mounts(below folder: FilePath) -> [Mount] {
    var seen: [FilePath: Mount] = [:]
    for mount in mounts where mount.point != folder && mount.point.starts(with: folder) {
      seen[mount.point] = mount
    }
    return seen.values.sorted { $0.point.string < $1.point.string }
  }
}
