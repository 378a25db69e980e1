import Synchronization
import WorkspaceFiles

/// The watcher's thread: waits for hints, commands and deadlines, and runs the engine.
///
/// Safe to share although unchecked: `engine` and `hints` are touched only by `run`, which one thread
/// executes once; everything else is immutable or behind the mutex. The channel is closed by the thread
/// as its last act, under the mutex that every other use of it holds.
final class ReaderThread: @unchecked Sendable {
  /// What another thread asks of the engine. `nil` means that the watcher has stopped.
  typealias Command = @Sendable (WatchEngine?) -> Void

  /// How many calls may wait for the thread at once. Each is an awaiting task, so the bound is only reached by
  /// a program that starts calls without end.
  static let maximumWaitingCommands = 65536

  private struct State {
    var commands: [Command] = []
    var isStopping = false
    var hasEnded = false
  }

  private let state = Mutex(State())
  private let channel: WakeChannel
  private let engine: WatchEngine
  private let hints: (any HintQueue)?
  private let onEnd: @Sendable () -> Void

  /// - Parameter onEnd: called on the thread when it ends.
  init(engine: WatchEngine, hints: (any HintQueue)?, onEnd: @escaping @Sendable () -> Void)
    throws(WatchError)
  {
    channel = try WakeChannel()
    self.engine = engine
    self.hints = hints
    self.onEnd = onEnd
  }

  /// Starts the thread, which keeps this object alive until it ends.
  func start() throws(WatchError) {
    let result = startDetachedThread(name: "file-watcher") { self.run() }
    guard result == 0 else {
      channel.close()
      throw WatchError(errorNumber: result)
    }
  }

  /// Has the thread run a command; on a watcher that has stopped it runs at once, without an engine.
  func perform(_ command: @escaping Command) {
    let accepted = state.withLock { state in
      guard !state.hasEnded, state.commands.count < Self.maximumWaitingCommands else {
        return false
      }
      state.commands.append(command)
      channel.wake()
      return true
    }
    if !accepted { command(nil) }
  }

  /// Ends the thread after the commands that wait already.
  func stop() {
    state.withLock { state in
      guard !state.hasEnded else { return }
      state.isStopping = true
      channel.wake()
    }
  }

  private func run() {
    engine.start(at: FileSystem.monotonicNanoseconds())
    while true {
      let now = FileSystem.monotonicNanoseconds()
      let timeout = engine.nextDeadline(at: now).map { max(0, $0 - now) }
      let ready = channel.wait(orFor: hints?.descriptor, atMost: timeout)
      if ready.contains(.hints) { readOnce() }
      if engine.overflowed { drain(atMost: .max) }
      engine.advance(to: FileSystem.monotonicNanoseconds())
      if ready.contains(.wake), !runCommands() { break }
    }
    let rest = state.withLock { state in
      state.hasEnded = true
      channel.close()
      defer { state.commands = [] }
      return state.commands
    }
    for command in rest { command(nil) }
    onEnd()
  }

  @discardableResult
  private func readOnce() -> Int {
    guard let hints else { return 0 }
    let now = FileSystem.monotonicNanoseconds()
    return hints.read(
      { engine.handle($0, at: now) }, overflow: { engine.overflow() })
  }

  /// Reads until the queue is empty or `bytes` have been read. With an overflow the queue held at most its limit,
  /// so that even an unbounded drain ends unless writers refill it, which `maximumDrainReads` bounds.
  private func drain(atMost bytes: Int) {
    var read = 0
    for _ in 0..<Self.maximumDrainReads where read < bytes {
      let count = readOnce()
      if count == 0 { return }
      read += count
    }
  }

  /// How many buffers one drain reads at most: 64 MiB, some two million events.
  private static let maximumDrainReads = 1024

  /// - Returns: false when the thread is to end.
  private func runCommands() -> Bool {
    channel.acknowledge()
    let (commands, isStopping) = state.withLock { state in
      defer { state.commands = [] }
      return (state.commands, state.isStopping)
    }
    if !commands.isEmpty {
      // Whatever happened before the call is in the queue by now: inotify queues an event before the system
      // call that caused it returns. So what waits now is all that a caller can ask about.
      drain(atMost: hints?.available ?? 0)
      if engine.overflowed { drain(atMost: .max) }
      engine.advance(to: FileSystem.monotonicNanoseconds())
      for command in commands { command(engine) }
    }
    return !isStopping
  }
}
