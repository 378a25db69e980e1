import ArgumentParser
import Dispatch
import Glibc

/// Why a command that goes on until it is stopped ends. The first reason counts.
final class Ending: Sendable {
  private enum Reason: Sendable {
    case asked
    case failure(any Error)
  }

  private let reasons: AsyncStream<Reason>
  private let continuation: AsyncStream<Reason>.Continuation

  /// When it returns, SIGINT and SIGTERM no longer end the process, but make ``wait()`` return.
  ///
  /// They are not ignored until then: one that came before its source is registered, which another thread does, would be lost,
  /// and the command would go on for good.
  init() async {
    (reasons, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    let continuation = continuation
    for number in [SIGINT, SIGTERM] {
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      // The handler holds its source, so that it lives as long as the process.
      source.setEventHandler { withExtendedLifetime(source) { _ = continuation.yield(.asked) } }
      await withCheckedContinuation { registered in
        source.setRegistrationHandler { registered.resume() }
        source.resume()
      }
    }
  }

  /// Ends the command with 0.
  func end() { continuation.yield(.asked) }

  /// Ends the command with this error; a broken pipe is a quiet end with 0.
  func end(with error: any Error) {
    if case StandardOutput.Failure.brokenPipe = error {
      continuation.yield(.asked)
    } else {
      continuation.yield(.failure(error))
    }
  }

  /// Returns when the command shall end with 0, and throws if it shall end with an error.
  func wait() async throws {
    for await reason in reasons {
      if case .failure(let error) = reason { throw error }
      return
    }
  }
}
