import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a signal does to the process while a dispatch source listens to it: one thing for the whole process. The last who
/// lets go of a signal gives back what it did before.
///
/// On Linux, Dispatch listens with a handler that it installs for the first source of a signal and never again. So the
/// handler is remembered, and put back for later sources.
struct SignalDisposition {
  private struct Held {
    var before: sigaction
    var holders: Int
  }

  private struct State {
    var held: [CInt: Held] = [:]
    var listening: [CInt: sigaction] = [:]
  }

  private static let state = Mutex(State())

  private let number: CInt

  /// To be made before the source is registered: from now on the signal does not end the process.
  init(_ number: CInt) {
    self.number = number
    Self.state.withLock { state in
      if state.held[number] != nil {
        state.held[number]?.holders += 1
        return
      }
      let before = Self.current(number)
      state.held[number] = Held(before: before, holders: 1)
      guard Self.address(before) == 0 else { return }
      signal(number, SIG_IGN)
    }
  }

  /// To be called when the source is registered: from now on it hears the signal.
  func listen() {
    Self.state.withLock { state in
      if var listening = state.listening[number] {
        sigaction(number, &listening, nil)
        return
      }
      let current = Self.current(number)
      // 0 and 1 are the default and being ignored.
      if Self.address(current) > 1 { state.listening[number] = current }
    }
  }

  /// Lets go of it.
  func restore() {
    Self.state.withLock { state in
      guard var held = state.held[number] else { return }
      held.holders -= 1
      state.held[number] = held.holders > 0 ? held : nil
      if held.holders == 0 { sigaction(number, &held.before, nil) }
    }
  }

  /// The handler's address, which is all that two dispositions are told apart by.
  static func address(of number: CInt) -> Int { address(current(number)) }

  private static func current(_ number: CInt) -> sigaction {
    var action = sigaction()
    sigaction(number, nil, &action)
    return action
  }

  private static func address(_ action: sigaction) -> Int {
    #if canImport(Darwin)
      unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
    #else
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    #endif
  }
}
