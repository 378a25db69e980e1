import CSystemShims
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a program that one test starts from holding open, for a moment, a file that another test writes.
///
/// Tests run in one process. A program that is started gets a copy of every descriptor, also of those that
/// close when it takes over, which is a moment later. A file that is written, closed and renamed in that moment is
/// closed for good only after the rename, and the kernel tells that as a second write, under the new name. A
/// watcher is right to report it, so a test that counts what is reported must not bring it about.
public enum DescriptorInheritance {
  private static let lock = Mutex(())

  /// Calls `body`, which opens, writes and closes a file, while no program starts. It must be short.
  public static func whileWriting<Result>(_ body: () throws -> Result) rethrows -> Result {
    try lock.withLock { _ in try body() }
  }

  /// Calls `body`, which starts a program and returns when that has taken over, while no file is written.
  public static func whileStarting<Result>(_ body: () throws -> Result) rethrows -> Result {
    try lock.withLock { _ in try body() }
  }

  /// Has a program that is started with these actions get no descriptor of this process but 0, 1 and 2. Some libraries,
  /// SwiftNIO for one, let their sockets be inherited: a port that one test has closed would stay open in the program
  /// of another.
  public static func closeOthers(in actions: inout posix_spawn_file_actions_t) {
    _ = shim_close_others(&actions)
  }
}
