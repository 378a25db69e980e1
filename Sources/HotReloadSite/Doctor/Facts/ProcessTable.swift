import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `/proc` says about the processes that this user may look at. Blocking.
struct ProcessTable {
  /// How many processes, and how many descriptors of one, are looked at.
  static let maximumEntries = 65_536
  /// How much of a small file is read, in bytes.
  static let maximumFileSize = 8 << 20
  /// How much of a command line is shown, in characters.
  static let maximumCommandLength = 80

  var identifiers: [Int] {
    Self.names(in: "/proc").compactMap { Int($0) }
  }

  /// The kernel's queues that this user's processes have, and the watches in them.
  func inotifyUse(of user: Int) -> (instances: Int, watches: Int) {
    var (instances, watches) = (0, 0)
    for process in identifiers where Self.owner(of: "/proc/\(process)") == user {
      for descriptor in Self.names(in: "/proc/\(process)/fd") {
        guard Self.link("/proc/\(process)/fd/\(descriptor)") == "anon_inode:inotify" else {
          continue
        }
        instances += 1
        guard let information = Self.read("/proc/\(process)/fdinfo/\(descriptor)") else { continue }
        watches += Self.watches(in: information)
      }
    }
    return (instances, watches)
  }

  /// The lines of a `fdinfo` that are about a watch.
  static func watches(in information: [UInt8]) -> Int {
    let prefix = Array("inotify ".utf8)
    return information.split(separator: UInt8(ascii: "\n")).count { $0.starts(with: prefix) }
  }

  /// The processes that have one of these sockets open.
  func owners(of inodes: Set<UInt64>) -> [SystemFacts.Process] {
    let names = Set(inodes.map { "socket:[\($0)]" })
    return identifiers.sorted().compactMap { process in
      let isOwner = Self.names(in: "/proc/\(process)/fd").contains {
        Self.link("/proc/\(process)/fd/\($0)").map(names.contains) ?? false
      }
      return isOwner
        ? SystemFacts.Process(identifier: process, command: command(of: process)) : nil
    }
  }

  private func command(of process: Int) -> String {
    let words = Self.read("/proc/\(process)/cmdline")?.split(separator: 0) ?? []
    let text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    if text.isEmpty { return "a process without a command line" }
    return text.count > Self.maximumCommandLength
      ? text.prefix(Self.maximumCommandLength) + "..." : text
  }

  private static func owner(of path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_uid) : nil
  }

  static func names(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while names.count < maximumEntries, let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0
      ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// A file of the kernel's, whose size is not known before.
  static func read(_ path: String) -> [UInt8]? {
    guard
      let descriptor = try? FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    else { return nil }
    defer { try? descriptor.close() }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < maximumFileSize {
      guard let count = try? buffer.withUnsafeMutableBytes({ try descriptor.read(into: $0) })
      else { return nil }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  static func number(_ path: String) -> Int? {
    read(path).flatMap {
      Int(String(decoding: $0, as: UTF8.self).filter { $0.isNumber })
    }
  }
}
