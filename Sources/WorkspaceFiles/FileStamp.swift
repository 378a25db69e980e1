#if canImport(Glibc)
  import CSystemShims
  import Glibc
#elseif canImport(Musl)
  import CSystemShims
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What identifies one version of a file without reading it: the values of one `statx` call.
///
/// Two equal stamps mean the same content, unless the file was written twice within one tick of the
/// file system's clock; ``isTooYoung(at:)`` tells when that could have happened.
public struct FileStamp: Sendable, Hashable {
  /// What kind of file system object a path leads to.
  public enum Kind: UInt8, Sendable {
    /// A regular file.
    case file
    /// A folder.
    case directory
    /// A symbolic link (only where links were not followed).
    case link
    /// A FIFO, socket or device. Never opened by this package.
    case other
  }

  /// Device number of the file system.
  public var device: UInt64
  /// Inode number on that device.
  public var inode: UInt64
  /// Size in bytes.
  public var size: Int64
  /// Time of the last write to the content, in nanoseconds since 1970.
  public var modifiedNanoseconds: Int64
  /// Time of the last change of content, mode, owner or links, in nanoseconds since 1970.
  public var changedNanoseconds: Int64
  /// Time of creation in nanoseconds since 1970; 0 where the file system does not keep it.
  public var bornNanoseconds: Int64
  /// File type and permission bits, as in `st_mode`.
  public var mode: UInt32
  /// Number of hard links.
  public var links: UInt32

  /// The age below which an equal stamp proves nothing, in nanoseconds: 10 ms, the coarsest tick of
  /// Linux's file time stamps (`CONFIG_HZ=100`).
  public static let clockTickNanoseconds: Int64 = 10_000_000

  /// Creates a stamp from its values.
  public init(
    device: UInt64, inode: UInt64, size: Int64, modifiedNanoseconds: Int64,
    changedNanoseconds: Int64, bornNanoseconds: Int64, mode: UInt32, links: UInt32
  ) {
    self.device = device
    self.inode = inode
    self.size = size
    self.modifiedNanoseconds = modifiedNanoseconds
    self.changedNanoseconds = changedNanoseconds
    self.bornNanoseconds = bornNanoseconds
    self.mode = mode
    self.links = links
  }

  /// What the mode says this is.
  public var kind: Kind {
    switch mode & UInt32(S_IFMT) {
    case UInt32(S_IFREG): .file
    case UInt32(S_IFDIR): .directory
    case UInt32(S_IFLNK): .link
    default: .other
    }
  }

  /// Whether the file was written so shortly before `nanoseconds` (since 1970) that a later write could
  /// carry the same time stamp. A time in the future counts as too young.
  public func isTooYoung(at nanoseconds: Int64) -> Bool {
    max(modifiedNanoseconds, changedNanoseconds) > nanoseconds - Self.clockTickNanoseconds
  }

  /// Whether both stamps are of the same file, whatever its content: equal device, inode and birth time.
  public func isSameFile(as other: FileStamp) -> Bool {
    device == other.device && inode == other.inode && bornNanoseconds == other.bornNanoseconds
  }
}
