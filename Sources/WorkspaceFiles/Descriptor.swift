import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file descriptor that is closed when it goes out of scope.
struct Descriptor: ~Copyable {
  let raw: CInt

  /// Takes over a descriptor as `open` returns it.
  ///
  /// - Returns: nil for -1; `errno` tells why.
  init?(_ raw: CInt) {
    guard raw >= 0 else { return nil }
    self.raw = raw
  }

  /// Opens an existing path.
  ///
  /// - Returns: nil on failure; `errno` tells why.
  init?(opening path: FilePath, _ flags: CInt) {
    let raw = path.withPlatformString { open($0, flags) }
    self.init(raw)
  }

  deinit { close(raw) }
}
