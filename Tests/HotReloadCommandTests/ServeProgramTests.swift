import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload serve in front of a program", .timeLimit(.minutes(5)))
struct ServeProgramTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "title = \"one\"\n")
  }

  /// Answers with a config's text, as a program that reads it when it starts.
  private static let program = """
    import http.server, os, socket, socketserver, sys
    text = open(sys.argv[2], "rb").read()
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!doctype html><html><head></head><body>" + text + b"</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass
    class Server(socketserver.TCPServer):
        allow_reuse_address = True
        def server_bind(self):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            super().server_bind()
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    print("up", os.getpid(), flush=True)
    server.serve_forever()
    """

  /// Waits until the program listens; gives its process.
  private func up(_ site: ServingProcess) async throws -> pid_t {
    let line = try await site.process.errors.next { $0.hasPrefix("up ") }
    return try #require(pid_t(line.dropFirst(3)))
  }

  @Test("It starts the program, shows its pages, starts it again on a change, and ends it")
  func life() async throws {
    let port = try ReservedPort()
    let site = try await ServingProcess(
      workspace.root,
      [
        "--proxy", "http://127.0.0.1:\(port.number)", "--", "python3", "-c", Self.program,
        "\(port.number)", workspace.path("config/app.toml").string,
      ])
    let first = try await up(site)
    let page = try await site.page()
    #expect(page.contains("title = \"one\"") && page.contains("/_hotreload/client.js"))
    try workspace.replace("config/app.toml", "title = \"two\"\n")
    let second = try await up(site)
    #expect(first != second && kill(first, 0) != 0)
    #expect(try await site.page().contains("title = \"two\""))
    #expect(try await site.end(by: SIGTERM) == 0)
    #expect(kill(second, 0) != 0 && errno == ESRCH)
  }

  @Test("A build that fails is told to the page with what it said, and the next good one, too")
  func failedBuild() async throws {
    let port = try ReservedPort()
    try workspace.write("ok", "")
    let site = try await ServingProcess(
      workspace.root,
      [
        "--proxy", "http://127.0.0.1:\(port.number)", "--build",
        "sh -c 'test -e \(workspace.path("ok")) || { echo main.c:3: no; exit 1; }'", "--",
        "python3", "-c",
        Self.program, "\(port.number)", workspace.path("config/app.toml").string,
      ])
    _ = try await up(site)
    let socket = try await site.socket()
    try workspace.remove("ok")
    let failed = try await socket.talk { client in
      while true {
        let text = try client.receiveText()
        if text.contains(#""type":"built""#) { return text }
      }
    }
    #expect(failed.contains(#""ok":false"#) && failed.contains("main.c:3: no"), "\(failed)")
    try workspace.write("ok", "")
    _ = try await up(site)
    #expect(try await site.page().contains("title = \"one\""))
    #expect(try await site.end() == 0)
  }

  @Test("A program that ends by itself ends the server, with its exit code")
  func programEnds() async throws {
    let process = try CommandProcess([
      "serve", "--json", "--port", "0", "--root", workspace.root.string, "--proxy",
      "http://127.0.0.1:9", "--", "sh", "-c", "exit 3",
    ])
    #expect(try await process.exitCode() == 3)
  }

  @Test("A port that is taken ends the program, too")
  func portTaken() async throws {
    let taken = try ReservedPort()
    let process = try CommandProcess([
      "serve", "--json", "--port", "\(taken.number)", "--root", workspace.root.string, "--proxy",
      "http://127.0.0.1:9", "--", "sh", "-c", "while kill -0 $PPID; do sleep 0.02; done",
    ])
    #expect(try await process.exitCode() == 1)
    let lines = try await process.errors.rest()
    #expect(lines.contains { $0.contains("hotreload doctor --port \(taken.number)") }, "\(lines)")
  }
}
