import Foundation
import HotReloadTesting
import SystemPackage

/// A server in a process of its own whose answer is changed while it runs.
protocol ReloadingServer {
  /// What it is called in the table.
  var name: String { get }
  var port: UInt16 { get }
  /// Writes the next version, as far as that does not make it come into force.
  func stage(_ version: Int) throws
  /// Makes the staged version come into force.
  func reload() throws
  func end()
}

/// The example server, by its config file.
final class OwnServer: ReloadingServer {
  let name = "hot-reload-server, file replaced"
  private(set) var port: UInt16
  private let folder: TemporaryWorkspace
  private let process: ServerProcess
  private var configuredPort: UInt16

  init(binary: String) throws {
    folder = try ScratchFolder.make("server")
    port = try freePort()
    configuredPort = port
    try folder.write("config/server.toml", Self.text(0, port))
    process = try ServerProcess(binary, ["--root", folder.root.string])
    try waitForPort(port)
  }

  func stage(_ version: Int) throws {
    try folder.write("staging/server.toml", Self.text(version, configuredPort))
  }

  func reload() throws {
    try renameFile(
      folder.path("staging/server.toml").string, to: folder.path("config/server.toml").string)
  }

  /// Has the server listen elsewhere. Returns when it answers there.
  func move(_ version: Int) throws {
    configuredPort = try freePort()
    try stage(version)
    try reload()
    try waitForPort(configuredPort)
    port = configuredPort
  }

  func end() { process.end() }

  private static func text(_ version: Int, _ port: UInt16) -> String {
    """
    greeting = "v\(version)"
    logLevel = "error"
    debug = false
    host = "127.0.0.1"
    port = \(port)
    [limits]
    maxConnections = 10000
    maxBodyBytes = 65536

    """
  }
}

/// nginx, by its command for a reload.
final class NginxServer: ReloadingServer {
  let name = "nginx -s reload"
  let port: UInt16
  private let folder: TemporaryWorkspace
  private let process: ServerProcess

  init() throws {
    folder = try ScratchFolder.make("nginx")
    port = try freePort()
    let root = folder.root.string
    try folder.write("nginx.conf", Self.text(0, port, root))
    process = try ServerProcess("nginx", Self.arguments(root))
    try waitForPort(port)
  }

  func stage(_ version: Int) throws {
    try folder.replace("nginx.conf", Self.text(version, port, folder.root.string))
  }

  func reload() throws {
    try runToEnd("nginx", Self.arguments(folder.root.string) + ["-s", "reload"])
  }

  func end() { process.end() }

  private static func arguments(_ root: String) -> [String] {
    ["-p", root, "-c", "\(root)/nginx.conf", "-e", "\(root)/error.log"]
  }

  private static func text(_ version: Int, _ port: UInt16, _ root: String) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(root)/\($0);" }.joined(separator: " ")
    return """
      daemon off; worker_processes 2; pid \(root)/pid; error_log \(root)/error.log;
      events { worker_connections 1024; }
      http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; \(temporary)
      server { listen 127.0.0.1:\(port); location / { default_type text/plain; return 200 "v\(version)\\n"; } } }

      """
  }
}

/// Caddy, by a POST to its administration's address.
final class CaddyServer: ReloadingServer {
  let name = "caddy POST /load"
  let port: UInt16
  private let adminPort: UInt16
  private let folder: TemporaryWorkspace
  private let process: ServerProcess
  private var staged = Data()

  init() throws {
    folder = try ScratchFolder.make("caddy")
    port = try freePort()
    adminPort = try freePort()
    try folder.write("caddy.json", Self.text(0, port, adminPort))
    let root = folder.root.string
    process = try ServerProcess(
      "caddy", ["run", "--config", "\(root)/caddy.json"],
      environment: ["HOME": root, "XDG_DATA_HOME": root, "XDG_CONFIG_HOME": root])
    try waitForPort(port)
  }

  func stage(_ version: Int) throws {
    let text = Self.text(version, port, adminPort)
    staged = Data(
      "POST /load HTTP/1.1\r\nHost: 127.0.0.1:\(adminPort)\r\nConnection: close\r\n"
        .appending("Content-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n\r\n")
        .appending(text).utf8)
  }

  func reload() throws {
    let answer = try exchange(staged, port: adminPort)
    guard answer.hasPrefix("HTTP/1.1 200") else { throw LoadFailure("caddy: \(answer)") }
  }

  func end() { process.end() }

  private static func text(_ version: Int, _ port: UInt16, _ admin: UInt16) -> String {
    """
    {"admin": {"listen": "127.0.0.1:\(admin)"}, "logging": {"logs": {"default": {"level": "ERROR"}}},
    "apps": {"http": {"servers": {"s": {"listen": ["127.0.0.1:\(port)"], "automatic_https": {"disable": true},
    "routes": [{"handle": [{"handler": "static_response", "body": "v\(version)\\n"}]}]}}}}}
    """
  }
}
