#if os(Linux)
  import CSystemShims
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private final class ThreadBody: Sendable {
  let name: String
  let body: @Sendable () -> Void
  init(name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

/// The stack of such a thread, in bytes. Documents may be nested a thousand deep, which takes up to 8 KB a level in a
/// build with a sanitizer; the system's default may be anything. Only what is used takes memory.
private let stackSize = 16 << 20

/// Starts a thread that nobody joins. It leaves signals to the threads of the program.
///
/// - Parameter name: what `ps` and debuggers call it, 15 bytes at most on Linux.
/// - Returns: 0, or an `errno` value; then `body` does not run.
package func startDetachedThread(
  name: String, _ body: @escaping @Sendable () -> Void
) -> CInt {
  let argument = Unmanaged.passRetained(ThreadBody(name: name, body)).toOpaque()
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stackSize)

  // The new thread inherits the mask. Faults stay with the thread that causes them.
  var blocked = sigset_t()
  var previous = sigset_t()
  sigfillset(&blocked)
  for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF] {
    sigdelset(&blocked, fault)
  }
  pthread_sigmask(SIG_SETMASK, &blocked, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

  #if os(Linux)
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let thread = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
        shim_name_thread(thread.name)
        thread.body()
        return nil
      }, argument)
  #else
    var thread: pthread_t?
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, argument)
  #endif
  if result != 0 { Unmanaged<ThreadBody>.fromOpaque(argument).release() }
  return result
}
