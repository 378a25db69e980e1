import Foundation
import SystemPackage

/// The floor of everything that watches: a thread that blocks in `read` on an inotify descriptor.
///
/// Nothing is compared, nothing settles, nobody is told but the handler, which runs on the thread.
final class InotifyThread: Sendable {
  private static let mask = UInt32(IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM)

  private let descriptor: CInt
  private let watch: CInt

  /// Starts to watch one folder.
  ///
  /// - Parameters:
  ///   - quiet: how many milliseconds nothing must have come before the handler is called.
  ///   - handler: gets the names of the entries that changed, and when `read` had returned (or the quiet was over).
  init(
    watching folder: FilePath, quiet: Int32 = 0,
    handler: @escaping @Sendable (_ names: [String], _ now: Int64) -> Void
  ) throws {
    descriptor = inotify_init1(CInt(IN_CLOEXEC))
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    watch = inotify_add_watch(descriptor, folder.string, Self.mask)
    guard watch >= 0 else {
      defer { close(descriptor) }
      throw Errno(rawValue: errno)
    }
    Thread.detachNewThread { [descriptor] in
      Self.run(descriptor, quiet: quiet, handler: handler)
      close(descriptor)
    }
  }

  /// Ends the thread.
  func stop() {
    inotify_rm_watch(descriptor, watch)
  }

  private static func run(
    _ descriptor: CInt, quiet: Int32, handler: (_ names: [String], _ now: Int64) -> Void
  ) {
    let size = 65_536
    let buffer = UnsafeMutableRawPointer.allocate(
      byteCount: size, alignment: MemoryLayout<inotify_event>.alignment)
    defer { buffer.deallocate() }
    while true {
      var names: [String] = []
      repeat {
        let count = read(descriptor, buffer, size)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        let now = monotonicNanoseconds()
        let isWatching = decode(UnsafeRawBufferPointer(start: buffer, count: count), into: &names)
        guard isWatching else { return }
        if quiet == 0 { handler(names, now) }
      } while quiet > 0 && isReadable(descriptor, within: quiet)
      if quiet > 0 { handler(names, monotonicNanoseconds()) }
    }
  }

  /// - Returns: false if the watch has ended.
  private static func decode(_ bytes: UnsafeRawBufferPointer, into names: inout [String]) -> Bool {
    let head = MemoryLayout<inotify_event>.size
    var offset = 0
    while offset + head <= bytes.count {
      let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
      if event.mask & UInt32(IN_IGNORED) != 0 { return false }
      let name = bytes[(offset + head)..<min(offset + head + Int(event.len), bytes.count)]
      names.append(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      offset += head + Int(event.len)
    }
    return true
  }

  private static func isReadable(_ descriptor: CInt, within milliseconds: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, milliseconds) > 0
  }
}
