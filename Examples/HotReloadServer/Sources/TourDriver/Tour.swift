import Foundation

/// What the server says of itself at `/status`.
struct ServerStatus: Decodable {
  let generation: UInt64
  let greeting: String
  let logLevel: String
  let maxBodyBytes: Int
  let inFlight: Int
  /// Why the newest file was refused; nil if what is on disk is what is served.
  let refused: String?
}

/// The walk through all that the example promises, on a running server under load.
final class Tour {
  /// After each step this many more answers are checked, so that the load sees the new state and no other.
  static let answersPerStep = 600

  /// How often the server moves to another port.
  static let portChanges = 5

  let server: ServerProcess
  /// Where the server listens.
  private(set) var port: UInt16
  let editor: WorkspaceEditor
  let greetings: Greetings
  let load: Load

  init(
    server: ServerProcess, port: UInt16, editor: WorkspaceEditor, greetings: Greetings, load: Load
  ) {
    self.server = server
    self.port = port
    self.editor = editor
    self.greetings = greetings
    self.load = load
  }

  /// All steps, in order. Throws at the first thing that is not as promised.
  func run() throws {
    try holdSteady()
    try validEdit()
    try editInPlace()
    try invalidEdits()
    try mendedEdit()
    try overlay()
    try requestInFlight()
    try configMapSwaps()
    try portTaken()
    for version in 1...Self.portChanges { try portChange(version: 4 + version) }
  }

  // MARK: Steps

  private func validEdit() throws {
    let latency = try change(to: "Hello again") { greeting in
      try editor.replace(
        "server.toml", with: WorkspaceEditor.document(greeting: greeting, logLevel: "debug"))
    }
    let status = try status()
    guard status.logLevel == "debug" else {
      throw BrokenPromise("the log level is \(status.logLevel), not debug")
    }
    tell(
      "a valid edit", latency,
      "config/server.toml replaced: \"\(greetings.newest)\", and the log level is debug")
  }

  private func editInPlace() throws {
    let latency = try change(to: "Hello in two halves") { greeting in
      try editor.rewriteInPlace("server.toml", with: WorkspaceEditor.document(greeting: greeting))
    }
    tell(
      "an edit in place", latency,
      "emptied, then written in two halves: no half of it was ever served")
  }

  private func invalidEdits() throws {
    let before = try status()
    let broken = [
      (
        "a wrong type",
        WorkspaceEditor.document(greeting: "never served")
          .replacingOccurrences(of: "maxBodyBytes = 65536", with: "maxBodyBytes = \"many\""),
        "config/server.toml:9:16"
      ),
      (
        "a syntax error", "greeting = \"never served\nlogLevel = \"info\"\n",
        "config/server.toml:1:"
      ),
      (
        "a value out of range",
        WorkspaceEditor.document(greeting: "never served", maxBodyBytes: -1), "maxBodyBytes"
      ),
    ]
    for (what, text, expected) in broken {
      let firstLine = server.lineCount
      let start = try editor.replace("server.toml", with: text)
      let refusal = try waitFor("the server refuses \(what), naming \(expected)") {
        server.line(from: firstLine) { $0.contains("refused") && $0.contains(expected) }
      }
      let latency = ContinuousClock.now - start
      let now = try status()
      guard let reason = now.refused, reason.contains(expected) else {
        throw BrokenPromise("/status names no refusal with \(expected): \(now.refused ?? "none")")
      }
      guard now.greeting == greetings.newest, now.generation == before.generation else {
        throw BrokenPromise("\(what) changed what is served: \(now)")
      }
      try holdSteady()
      tell("\(what), refused", latency, refusal.trimmingCharacters(in: .whitespaces))
    }
    say("      the old greeting was served all the time: \"\(greetings.newest)\"")
  }

  private func mendedEdit() throws {
    let firstLine = server.lineCount
    let start = try editor.replace(
      "server.toml", with: WorkspaceEditor.document(greeting: greetings.newest))
    let recovery = try waitFor("the server says that config/server.toml is good again") {
      server.line(from: firstLine) { $0.contains("recovered") }
    }
    let latency = ContinuousClock.now - start
    guard try status().refused == nil else { throw BrokenPromise("/status still names a refusal") }
    try holdSteady()
    tell("the file mended", latency, recovery.trimmingCharacters(in: .whitespaces))
  }

  private func overlay() throws {
    let body = String(repeating: "x", count: 1_024)
    try expectEcho(of: body, status: 200)
    let base = greetings.newest
    let added = try change(to: "Hello from the overlay") { greeting in
      try editor.replace(
        "server.development.toml",
        with: "greeting = \"\(greeting)\"\n[limits]\nmaxBodyBytes = 512\n")
    }
    try expectEcho(of: body, status: 413)
    tell(
      "an environment's overlay", added,
      "config/server.development.toml wins; a body of 1,024 bytes is now answered with 413")
    let removed = try change(to: base) { _ in try editor.remove("server.development.toml") }
    try expectEcho(of: body, status: 200)
    tell("the overlay removed", removed, "config/server.toml counts again; the same body gets 200")
  }

  private func requestInFlight() throws {
    let old = greetings.newest
    let connection = try HTTPConnection(port: port)
    try connection.send("GET", "/slow?milliseconds=1500")
    try waitFor("the slow request is being answered") { try status().inFlight > 0 ? () : nil }
    let latency = try change(to: "Hello while you wait") { greeting in
      try editor.replace("server.toml", with: WorkspaceEditor.document(greeting: greeting))
    }
    let answer = try connection.receive()
    guard answer.status == 200, answer.body == old + "\n" else {
      throw BrokenPromise("the request in flight got \(answer)")
    }
    tell(
      "an edit while a request runs", latency,
      "the request that began before it got its whole answer, from the config it began with")
  }

  private func configMapSwaps() throws {
    for version in 1...3 {
      let latency = try change(to: "Hello from ConfigMap version \(version)") { greeting in
        try editor.swapConfigMap(
          version: version, text: WorkspaceEditor.document(greeting: greeting))
      }
      tell(
        version == 1 ? "into a ConfigMap" : "a ConfigMap swap", latency,
        version == 1
          ? "config/server.toml is a link through ..data now"
          : "..data renamed to version \(version)")
    }
  }

  private func portTaken() throws {
    let taken = try ReservedPort()
    let firstLine = server.lineCount
    let start = try editor.swapConfigMap(
      version: 4,
      text: WorkspaceEditor.document(greeting: greetings.newest, port: taken.number))
    let refusal = try waitFor("the server refuses the port \(taken.number)") {
      server.line(from: firstLine) { $0.contains("refused") && $0.contains("in use") }
    }
    let latency = ContinuousClock.now - start
    try holdSteady()
    tell("a port that is taken, refused", latency, refusal.trimmingCharacters(in: .whitespaces))
  }

  private func portChange(version: Int) throws {
    let (old, new) = (port, try ReservedPort().number)
    let firstLine = server.lineCount
    let movedBefore = load.counts.moved
    load.willMove()
    let start = try editor.swapConfigMap(
      version: version, text: WorkspaceEditor.document(greeting: greetings.newest, port: new))
    let floor = greetings.floor()
    let answer = try waitFor("the port \(new) answers") {
      try (try? HTTPConnection(port: new)).map { try $0.request("GET", "/") }
    }
    let latency = ContinuousClock.now - start
    try greetings.check(answer.body, floor: floor)
    load.move(to: new)
    port = new
    try waitFor("the server says where it listens", every: .milliseconds(1)) {
      server.line(from: firstLine) { $0.contains("listening on http://127.0.0.1:\(new)") }
        .map { _ in }
    }
    // The old port is open until nobody has come for a quarter of a second, so this must not come too often.
    try waitFor("the port \(old) is closed", every: .milliseconds(600)) {
      (try? HTTPConnection(port: old)) == nil ? () : nil
    }
    try holdSteady()
    let moved = load.counts.moved - movedBefore
    guard moved >= Load.clientsPerKind else {
      throw BrokenPromise("only \(moved) keep-alive clients were asked to leave port \(old)")
    }
    tell(
      "another port", latency,
      "\(new) answers; then \(old) asked its clients to leave, and closed when nobody came any more"
    )
  }

  // MARK: Helpers

  /// Makes a change that leads to a new greeting; gives the time from its end to the first answer with it.
  private func change(
    to greeting: String, by edit: (String) throws -> ContinuousClock.Instant
  ) throws -> Duration {
    let connection = try HTTPConnection(port: port)
    greetings.willWrite(greeting)
    let start = try edit(greeting)
    let latency = try waitFor("the answer \"\(greeting)\"", every: .zero) { () -> Duration? in
      let floor = greetings.floor()
      let answer = try connection.request("GET", "/")
      try greetings.check(answer.body, floor: floor)
      return greetings.isSettled ? ContinuousClock.now - start : nil
    }
    try holdSteady()
    return latency
  }

  /// Lets the load check some more answers in the present state.
  private func holdSteady() throws {
    let target = load.counts.requests + Self.answersPerStep
    try waitFor("\(Self.answersPerStep) answers to the load", every: .milliseconds(5)) {
      let counts = load.counts
      if counts.failed > 0 {
        throw BrokenPromise(
          "a request of the load failed: \(counts.failures.joined(separator: "; "))")
      }
      return counts.requests >= target ? () : nil
    }
  }

  private func expectEcho(of body: String, status: Int) throws {
    let answer = try HTTPConnection(port: port).request("POST", "/echo", body: body)
    guard answer.status == status, status != 200 || answer.body == body else {
      throw BrokenPromise("a body of \(body.count) bytes got \(answer.status), not \(status)")
    }
  }

  private func status() throws -> ServerStatus {
    let answer = try HTTPConnection(port: port).request("GET", "/status")
    guard answer.status == 200 else { throw BrokenPromise("/status got \(answer.status)") }
    return try JSONDecoder().decode(ServerStatus.self, from: Data(answer.body.utf8))
  }

  private func tell(_ step: String, _ latency: Duration, _ what: String) {
    func blanks(_ width: Int, _ text: String) -> String {
      String(repeating: " ", count: max(1, width - text.count))
    }
    let time = latency.milliseconds
    say("  \(step)\(blanks(30, step))\(blanks(10, time))\(time)   \(what)")
  }
}
