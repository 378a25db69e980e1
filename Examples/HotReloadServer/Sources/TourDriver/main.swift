import Dispatch
import Foundation

func argument(_ name: String) -> String {
  let arguments = CommandLine.arguments
  guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else {
    say("usage: tour-driver --server BINARY --workspace FOLDER")
    exit(64)
  }
  return arguments[index + 1]
}

/// Waits for the line with the server's address and takes the port from it.
func portOfAddress(_ server: ServerProcess) throws -> UInt16 {
  let prefix = "listening on http://127.0.0.1:"
  let line = try waitFor("the server says its address", every: .milliseconds(5)) {
    if let line = server.line(where: { $0.contains(prefix) }) { return line }
    if !server.isRunning { throw BrokenPromise("the server ended before it listened") }
    return nil
  }
  guard let range = line.range(of: prefix),
    let port = UInt16(line[range.upperBound...].prefix { $0.isNumber })
  else { throw BrokenPromise("no port in: \(line)") }
  return port
}

/// While a request is being answered the server is asked to end: the answer must still come, whole.
func endWithRequestInFlight(_ server: ServerProcess, port: UInt16) throws {
  let connection = try HTTPConnection(port: port)
  try connection.send("GET", "/slow?milliseconds=500")
  try waitFor("the slow request is being answered") {
    let answer = try HTTPConnection(port: port).request("GET", "/status")
    return answer.body.contains("\"inFlight\":1") ? () : nil
  }
  let status = try server.end()
  let answer = try connection.receive()
  guard answer.status == 200 else { throw BrokenPromise("the last request got \(answer.status)") }
  guard status == 0 else { throw BrokenPromise("the server ended with \(status)") }
  say("  the server ended with 0 after SIGTERM, and answered the request it had")
}

func runTour(_ server: ServerProcess, workspace: String) throws {
  let port = try portOfAddress(server)
  let first = try HTTPConnection(port: port).request("GET", "/").body.trimmingCharacters(
    in: .newlines)
  let greetings = Greetings(first: first)
  let load = Load(port: port, greetings: greetings)
  say(
    "tour of http://127.0.0.1:\(port), \(Load.clientsPerKind) keep-alive clients and "
      + "\(Load.clientsPerKind) that connect anew for each request")
  say("  step                       write -> effect")
  let start = ContinuousClock.now
  load.start()
  let editor = WorkspaceEditor(folder: workspace + "/config")
  let tour = Tour(server: server, port: port, editor: editor, greetings: greetings, load: load)
  let outcome = Result { try tour.run() }
  load.stop()
  let elapsed = ContinuousClock.now - start
  let counts = load.counts
  let rate = Double(counts.requests) / elapsed.seconds
  say(
    "  \(counts.requests) requests in \(String(format: "%.1f", elapsed.seconds)) s "
      + "(\(Int(rate))/s): \(counts.keepAlive) keep-alive, \(counts.connectionEach) with a connection each; "
      + "failed: \(counts.failed), connections closed on a client: \(counts.closedConnections), "
      + "moved to another port: \(counts.moved)")
  for failure in counts.failures { say("  failed: \(failure)") }
  try outcome.get()
  guard counts.failed == 0 else { throw BrokenPromise("\(counts.failed) requests failed") }
  guard counts.closedConnections == 0 else {
    throw BrokenPromise("\(counts.closedConnections) kept connections were closed")
  }
  guard counts.keepAlive > 0, counts.connectionEach > 0, rate >= Load.minimumRate else {
    throw BrokenPromise(
      "the load was below \(Int(Load.minimumRate)) requests/s: the tour proves nothing")
  }
  try endWithRequestInFlight(server, port: tour.port)
}

let workspace = argument("--workspace")
let server = try ServerProcess(
  binary: argument("--server"), arguments: ["--root", workspace, "--environment", "development"])
for number in [SIGINT, SIGTERM] {
  signal(number, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
  source.setEventHandler {
    withExtendedLifetime(source) {
      server.kill()
      exit(1)
    }
  }
  source.resume()
}
do {
  try runTour(server, workspace: workspace)
  say("the tour ended as promised")
} catch {
  say("not as promised: \(error)")
  say("the server's last lines:")
  for line in server.lastLines { say("  | \(line)") }
  server.kill()
  exit(1)
}
