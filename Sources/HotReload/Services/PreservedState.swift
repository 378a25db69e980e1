import Synchronization

/// A value that outlives the services which use it: what one has counted, cached or learned, the next one finds.
///
/// Give it to each service where it is made:
///
///     let sessions = PreservedState<[SessionID: Session]>([:])
///     let service = ReconfigurableService(config: "worker", as: WorkerConfig.self) { config in
///       Worker(config, sessions: sessions)
///     }
///
/// An old service may still use it while it drains, beside the new one. All functions may be called from any thread;
/// a service that was activated sees all that was done before the old one returned from `deactivate()`.
public final class PreservedState<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  /// Creates it with what the first service finds.
  public init(_ value: Value) {
    state = Mutex(value)
  }

  /// The value at this moment.
  public var value: Value { state.withLock { $0 } }

  /// Reads and changes the value while nobody else does. The body must be short, and must not use the same state.
  public func withLock<Result: Sendable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome = state.withLock { value -> Swift.Result<Result, Failure> in
      do throws(Failure) { return .success(try body(&value)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
