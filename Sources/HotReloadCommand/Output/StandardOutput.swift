import Glibc
import Synchronization
import SystemPackage

/// Standard output: whole results, from any thread, each in a single `write` where the system takes it whole.
///
/// Nothing is kept back: what was written is with the reader when the process ends.
final class StandardOutput: Sendable {
  /// Why nothing can be written any more.
  enum Failure: Error, Equatable {
    /// Nobody reads any more: the end of a pipeline was reached, which is no error.
    case brokenPipe
    /// The system refused.
    case system(Errno)
  }

  /// How much is held back before ``open()``; beyond it what is written goes out at once, so that the memory is bounded.
  static let maximumHeldBytes = 4 * 1_024 * 1_024

  private enum State {
    case holding([UInt8])
    case open
    case closed
  }

  let descriptor: CInt
  private let state: Mutex<State>

  /// - Parameter holding: whether what is written is held back until ``open(with:)``.
  init(descriptor: CInt = STDOUT_FILENO, holding: Bool = false) {
    self.descriptor = descriptor
    state = Mutex(holding ? .holding([]) : .open)
    // A reader that went away is seen as EPIPE instead of ending the process with a signal.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Writes all of it, or throws ``Failure``. After ``close(within:)`` it does nothing.
  func write(_ bytes: [UInt8]) throws(Failure) {
    let result: Result<Void, Failure> = state.withLock { state in
      switch state {
      case .closed: return .success(())
      case .open: return Result { () throws(Failure) in try writeAll(bytes) }
      case .holding(var held):
        held += bytes
        if held.count <= Self.maximumHeldBytes {
          state = .holding(held)
          return .success(())
        }
        state = .open
        return Result { () throws(Failure) in try writeAll(held) }
      }
    }
    try result.get()
  }

  /// Writes these bytes first, then what was held back, and from now on everything at once.
  func open(with first: [UInt8]) throws(Failure) {
    let result: Result<Void, Failure> = state.withLock { state in
      var bytes = first
      if case .holding(let held) = state { bytes += held }
      if case .closed = state { return .success(()) }
      state = .open
      return Result { () throws(Failure) in try writeAll(bytes) }
    }
    try result.get()
  }

  /// Lets a write that is under way end, and allows no more, so that the last line is whole. Gives up after `attempts` milliseconds:
  /// then the reader takes nothing, and never will.
  func close(attempts: Int = 1_000) {
    for _ in 0..<attempts {
      if state.withLockIfAvailable({ $0 = .closed }) != nil { return }
      usleep(1_000)
    }
  }

  private func writeAll(_ bytes: [UInt8]) throws(Failure) {
    let failure: Failure? = bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written >= 0 {
          rest = rest.dropFirst(written)
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
          var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&wanted, 1, -1)
        case EPIPE: return .brokenPipe
        case let number: return .system(Errno(rawValue: number))
        }
      }
      return nil
    }
    if let failure { throw failure }
  }
}
