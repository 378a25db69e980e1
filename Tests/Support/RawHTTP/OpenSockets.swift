import Glibc

/// What the system says of connections, of all processes.
public enum OpenSockets {
  /// How many connections a server on this port of 127.0.0.1 holds open.
  public static func count(port: Int) -> Int {
    let digits = String(UInt16(port), radix: 16, uppercase: true)
    let local = ":" + String(repeating: "0", count: 4 - digits.count) + digits
    let listening = "0A"
    return lines("/proc/self/net/tcp").filter { line in
      let columns = line.split(separator: " ")
      return columns.count > 9 && columns[1].hasSuffix(local) && columns[3] != listening
        && columns[9] != "0"
    }.count
  }

  private static func lines(_ path: String) -> [Substring] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}

/// The descriptors of this process.
public enum OpenDescriptors {
  /// All of them.
  public static var count: Int { targets().count }

  /// Those of files in a folder or below it.
  public static func count(below folder: String) -> Int {
    targets().count { $0.hasPrefix(folder) }
  }

  private static func targets() -> [String] {
    guard let handle = opendir("/proc/self/fd") else { return [] }
    defer { closedir(handle) }
    var targets: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let length = target.withUnsafeMutableBytes { buffer in
        buffer.baseAddress.map { readlink("/proc/self/fd/\(name)", $0, buffer.count) } ?? -1
      }
      if length > 0 { targets.append(String(decoding: target[..<length], as: UTF8.self)) }
    }
    return targets
  }
}

/// Returns when a condition that another thread brings about is true.
public func eventually(_ condition: @Sendable () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}
