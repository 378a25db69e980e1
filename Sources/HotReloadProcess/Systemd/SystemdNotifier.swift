public import HotReload

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tells systemd how a service is doing, over the socket that it names in `NOTIFY_SOCKET`.
///
/// For units with `Type=notify` or `Type=notify-reload`. Each call sends one datagram and never waits: what the socket
/// does not take at once is dropped, as systemd only ever wants the newest. Safe to use from any thread.
public struct SystemdNotifier: Sendable {
  /// The variable that names the socket.
  public static let variable = "NOTIFY_SOCKET"
  /// How long a status may be, in bytes; what is longer is cut.
  public static let maximumStatusLength = 1_024

  private let address: sockaddr_un
  private let length: socklen_t

  /// Where the variable says. Nil without the variable, and if it names no Unix socket.
  public init?() {
    guard let value = getenv(Self.variable) else { return nil }
    self.init(socket: String(cString: value))
  }

  /// - Parameter socket: an absolute path, or a name in the abstract namespace, with `@` before it. Nil for anything else,
  ///   and for what is too long.
  public init?(socket: String) {
    var bytes = Array(socket.utf8)
    var address = sockaddr_un()
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard let first = bytes.first, bytes.count > 1, bytes.count < capacity else { return nil }
    let isAbstract = first == UInt8(ascii: "@")
    guard isAbstract || first == UInt8(ascii: "/"), !bytes.contains(0) else { return nil }
    if isAbstract { bytes[0] = 0 }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    self.address = address
    // An abstract name has no end mark: its length says where it ends.
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
    length = socklen_t(offset + bytes.count + (isAbstract ? 0 : 1))
  }

  /// The service is ready, or has reloaded.
  ///
  /// - Parameter status: a sentence for `systemctl status`.
  public func ready(status: String? = nil) { send(["READY=1"] + Self.line(status)) }

  /// The service begins to reload. ``ready(status:)`` must follow.
  public func reloading(status: String? = nil) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    send(["RELOADING=1", "MONOTONIC_USEC=\(microseconds)"] + Self.line(status))
  }

  /// The service begins to stop.
  public func stopping(status: String? = nil) { send(["STOPPING=1"] + Self.line(status)) }

  /// Only a sentence for `systemctl status`.
  public func status(_ text: String) { send(Self.line(text)) }

  private static func line(_ status: String?) -> [String] {
    guard let status else { return [] }
    var text = String.UnicodeScalarView()
    var size = 0
    for scalar in status.unicodeScalars {
      size += UTF8.width(scalar)
      guard size <= maximumStatusLength else { break }
      text.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return ["STATUS=\(String(text))"]
  }

  private func send(_ lines: [String]) {
    #if os(Linux)
      let kind = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
      let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
    #else
      let (kind, flags) = (SOCK_DGRAM, MSG_DONTWAIT)
    #endif
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(lines.joined(separator: "\n").utf8)
    _ = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, flags, $0, length)
      }
    }
  }
}

// MARK: A manager's events

extension SystemdNotifier: ReloadHandler {
  /// Events about configs.
  public func canHandle(_ event: ChangeEvent) -> Bool {
    switch event {
    case .reloadCompleted, .validationFailed, .recovered: true
    default: false
    }
  }

  /// Tells a finished reload as one that began and ended, and a refusal as a status.
  public func handle(_ event: ChangeEvent) {
    switch event {
    case .reloadCompleted(let name, _):
      reloading()
      ready(status: "config \(name) reloaded")
    case .validationFailed(let name, let errors):
      status(
        "config \(name) is not valid, the last good one is in force: \(errors.first?.description ?? "")"
      )
    case .recovered(let name): status("config \(name) is good again")
    default: break
    }
  }
}

extension HotReloadManager {
  /// Tells systemd that the service is ready, and from now on of each reload and each refusal.
  ///
  /// - Parameter notifier: where to tell it; nil, as outside of systemd, does nothing.
  /// - Returns: the registration; nil if there is nobody to tell.
  /// - Throws: ``HotReloadError`` with the code `tooManyReceivers`.
  @discardableResult
  public func notifySystemd(
    _ notifier: SystemdNotifier? = SystemdNotifier()
  ) throws -> HandlerRegistration? {
    guard let notifier else { return nil }
    let registration = try register(notifier)
    notifier.ready()
    return registration
  }
}

// MARK: A supervisor's events

extension SystemdNotifier {
  /// What of a supervisor's work systemd wants to know.
  func tell(_ event: SupervisorEvent) {
    switch event {
    case .started(let process, _): ready(status: "running as process \(process)")
    case .stopping(_, let restarts): if restarts { reloading() } else { stopping() }
    case .executing: reloading()
    case .signaled(let signal):
      reloading()
      ready(status: "sent \(signal)")
    case .executed(let reason, _): ready(status: "command ended: \(reason)")
    case .rejected(let file, let errors):
      status("\(file) is not valid, nothing is done: \(errors.first?.description ?? "")")
    case .checkFailed(let file, let reason, _):
      status("the check of \(file?.string ?? "the change") failed: \(reason)")
    case .building: status("building; the old program goes on")
    case .buildFailed(let reason, _): status("the build failed: \(reason)")
    case .waiting: status("not running; waiting for a change")
    case .pausing(let pause): status("starting again in \(pause / .seconds(1)) s")
    case .recovered, .built, .changed, .ignored, .brokenOff, .killing, .abandoned, .exited,
      .stopped,
      .gaveUp, .startFailed:
      break
    }
  }
}
