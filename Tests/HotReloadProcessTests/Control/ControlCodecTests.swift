import HotReload
import HotReloadTesting
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("Control messages")
struct ControlCodecTests {
  private static let requests: [ControlRequest] = [
    .ping, .status, .reload, .pause, .resume, .history(config: nil, limit: 5),
    .history(config: "sub/app", limit: 1), .diff(config: "app", from: nil, to: nil),
    .diff(config: "app", from: 3, to: 5), .restore(config: "app", generation: 9),
    .check(configs: []), .check(configs: ["app", "db"]),
  ]

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("Every request is read as it was written", arguments: requests, [true, false])
  func readAsWritten(request: ControlRequest, showSecrets: Bool) throws {
    let message = ControlMessage(request, showSecrets: showSecrets)
    let line = try ControlCodec.line(message)
    #expect(line.last == UInt8(ascii: "\n"))
    #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
    #expect(try ControlCodec.message(from: line) == message)
  }

  @Test("The lines are those that are documented")
  func documented() throws {
    #expect(
      try text(ControlCodec.line(ControlMessage(.diff(config: "app", from: 3, to: 5))))
        == #"{"version":1,"request":"diff","config":"app","from":3,"to":5}"# + "\n")
    let error = ControlError(code: .notFound, message: "no")
    #expect(
      text(ControlCodec.line(.error(error)))
        == #"{"version":1,"answer":"error","value":{"code":"notFound","message":"no","errors":[]}}"#
        + "\n")
  }

  @Test("Members that are not known are let pass, so that a later client can ask an older instance")
  func unknownMembers() throws {
    let line = #"{"version":1,"request":"ping","colour":"red"}"#
    #expect(try ControlCodec.message(from: Array(line.utf8)).request == .ping)
  }

  @Test(
    "What is no request gives an error that says why",
    arguments: [
      ("", "malformed"), ("\u{0}\u{1}\u{FFFD}", "malformed"), ("[]", "malformed"),
      ("{}", "malformed"), (#"{"version":1}"#, "malformed"),
      (#"{"version":1,"request":"fly"}"#, "malformed"),
      (#"{"version":1,"request":"restore","config":"app"}"#, "malformed"),
      (#"{"version":1,"request":"restore","config":"app","generation":-1}"#, "malformed"),
      (#"{"version":1,"request":"diff","config":7}"#, "malformed"),
      (#"{"version":"1","request":"ping"}"#, "malformed"),
      (#"{"version":2,"request":"ping"}"#, "unsupportedVersion"),
      (#"{"version":0,"request":"ping"}"#, "unsupportedVersion"),
      (String(repeating: "[", count: 40), "malformed"),
    ])
  func garbage(line: String, code: String) {
    let error = #expect(throws: ControlError.self) {
      try ControlCodec.message(from: Array(line.utf8))
    }
    #expect(error?.code.description == code)
  }

  @Test(
    "Random changes to a request give an error, or a request that can be written again; never a trap"
  )
  func mutations() throws {
    for seed in PropertySeeds(500) {
      var random = SeededGenerator(seed: seed)
      let request = Self.requests.randomElement(using: &random) ?? .ping
      var line = try ControlCodec.line(ControlMessage(request))
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: line.indices, using: &random)
        line[position] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? ControlCodec.answer(from: line)
      guard let message = try? ControlCodec.message(from: line) else { continue }
      let again = try ControlCodec.message(from: ControlCodec.line(message))
      #expect(again == message, "seed \(seed)")
    }
  }

  @Test("An answer that is too long is replaced by an error that says how long it is")
  func longAnswer() throws {
    let tree = ConfigTree(.string(String(repeating: "x", count: 1_000)))
    let difference = ConfigDifference(keyPath: ConfigKeyPath("a")!, old: nil, new: tree)
    let answer = ControlAnswer.diff(
      ControlDiff(config: "app", from: 1, to: 2, differences: [.init(difference)]))
    #expect(try ControlCodec.answer(from: ControlCodec.line(answer)) == answer)
    guard
      case .error(let error) = try ControlCodec.answer(
        from: ControlCodec.line(answer, limit: 500))
    else {
      Issue.record("no error")
      return
    }
    #expect(error.code == .tooLong)
  }

  @Test("Secrets are hidden in values and in errors, under secret keys and inside of tables")
  func redaction() {
    func difference(_ path: String, _ tree: ConfigTree) -> ControlDiff.Difference {
      .init(ConfigDifference(keyPath: ConfigKeyPath(path)!, old: nil, new: tree))
    }
    var table = ConfigTable()
    table["apiKey"] = "hunter2"
    table["user"] = "root"
    let diff = ControlAnswer.diff(
      ControlDiff(
        config: "app", from: 1, to: 2,
        differences: [
          difference("db.password", "hunter2"), difference("db", ConfigTree(table)),
          difference("port", 80),
        ]))
    let hidden = text(ControlCodec.line(diff.redacted(by: .default)))
    #expect(!hidden.contains("hunter2"))
    #expect(hidden.contains("root") && hidden.contains("80"))
    #expect(diff.redacted(by: .none) == diff)

    let error = ConfigDiagnostic.Document(
      ConfigDiagnostic(location: nil, keyPath: "db.password", message: "found \"hunter2\""))
    let answers: [ControlAnswer] = [
      .error(ControlError(code: .rejected, message: "", errors: [error])),
      .check(ControlCheck(configs: [.init(name: "app", errors: [error])])),
      .report(
        ReloadReport.Document(
          producers: [], generation: 1, isAccepted: false, duration: 0,
          units: [
            .init(unit: "config app", outcome: "rejected", isChanged: false, errors: [error])
          ],
          phases: [])),
      .history(
        ControlHistory(entries: [
          .init(
            at: 0, config: "app", generation: 1, outcome: "rejected",
            errors: [error])
        ])),
    ]
    for answer in answers {
      #expect(text(ControlCodec.line(answer)).contains("hunter2"))
      #expect(!text(ControlCodec.line(answer.redacted(by: .default))).contains("hunter2"))
    }
  }
}
