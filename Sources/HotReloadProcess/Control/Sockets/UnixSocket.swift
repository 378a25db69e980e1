import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A Unix socket: a descriptor that its holder closes. No call waits, except ``wait(for:until:)``.
struct UnixSocket: Sendable, Hashable {
  let descriptor: CInt

  /// What became of an attempt to read or write.
  enum Transfer: Hashable {
    case bytes(Int)
    /// Nothing can be done now.
    case later
    /// The other side is gone, or will send no more.
    case ended
  }

  func close() {
    #if canImport(Glibc)
      _ = Glibc.close(descriptor)
    #elseif canImport(Musl)
      _ = Musl.close(descriptor)
    #else
      _ = Darwin.close(descriptor)
    #endif
  }

  /// Makes everything that waits for the other side, here or there, find the connection ended.
  func disconnect() { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }

  /// Reads what is there, at most as much as fits.
  func read(into buffer: inout [UInt8], atMost limit: Int) -> Transfer {
    let count = buffer.withUnsafeMutableBytes {
      recv(descriptor, $0.baseAddress, min($0.count, limit), CInt(MSG_DONTWAIT))
    }
    return count == 0 ? .ended : Self.transfer(count)
  }

  /// Writes as much as the system takes.
  func write(_ bytes: ArraySlice<UInt8>) -> Transfer {
    Self.transfer(
      bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Self.sendFlags) })
  }

  private static func transfer(_ count: Int) -> Transfer {
    if count >= 0 { return .bytes(count) }
    return errno == EAGAIN || errno == EINTR ? .later : .ended
  }

  /// Waits until it can be read or written, or is closed by the other side.
  /// - Returns: false when the moment came first.
  func wait(for events: CInt, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = milliseconds(until: deadline)
      var wanted = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      if poll(&wanted, 1, left) > 0 { return true }
      if ContinuousClock.now >= deadline { return false }
    }
  }
}

/// The time until a moment for `poll`, rounded up so that it does not wake before its time again and again.
func milliseconds(until deadline: ContinuousClock.Instant) -> CInt {
  let left = ContinuousClock.now.duration(to: deadline)
  guard left > .zero else { return 0 }
  return CInt(clamping: Int64((left / .milliseconds(1)).rounded(.up)))
}
