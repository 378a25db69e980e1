import HotReload
import HotReloadProcess
import Testing
import WorkspaceTools

@testable import HotReloadCommand

@Suite("What an instance answers, as it is printed")
struct ControlOutputTests {
  private let text = ControlRenderer(isJSON: false)
  private let json = ControlRenderer(isJSON: true)
  private let now: Int64 = 1_795_591_839_000_000_000

  private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  @Test("Columns are as wide as their widest cell, numbers stand right, no line ends in a space")
  func table() {
    var table = TextTable(numbers: [1])
    table.add("NAME", "COUNT", "")
    table.add("a\u{1B}[31m", "7", "x")
    table.add("b", "12345678")
    #expect(
      table.lines(indent: "  ") == [
        "  NAME            COUNT", "  a\\u{1B}[31m         7  x", "  b            12345678",
      ])
  }

  @Test(
    "Lengths of time have the unit that fits",
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1_500, "1 us"), (1_840_000, "1.84 ms"),
      (59_999_000_000, "60.00 s"),
      (192_000_000_000, "3 min 12 s"), (7_500_000_000_000, "2 h 5 min"),
      (187_200_000_000_000, "2 d 4 h"), (-5, "0 ns"),
    ] as [(Int64, String)])
  func spans(nanoseconds: Int64, expected: String) {
    #expect(spanText(nanoseconds) == expected)
  }

  @Test("History is a table for people, and a line an entry as JSON")
  func history() throws {
    let error = ConfigDiagnostic.Document(
      ConfigDiagnostic(location: nil, keyPath: "port", message: "too big"))
    let history = ControlHistory(entries: [
      .init(
        at: now, config: "app", generation: 12, outcome: "applied",
        digest: "0123456789abcdef", isInForce: true),
      .init(
        at: now, config: "db", generation: 9, outcome: "rejected",
        errors: [error]),
    ])
    let printed = lines(try text.history(history, time: now))
    #expect(printed.count == 3)
    #expect(printed[0].hasPrefix("GENERATION  CONFIG  OUTCOME   AT"))
    #expect(printed[1].hasPrefix("        12  app     applied   "))
    #expect(printed[1].hasSuffix("0123456789ab  in force"))
    #expect(printed[2].hasSuffix("port: too big"))
    let objects = lines(try json.history(history, time: now))
    #expect(
      objects[0]
        == #"{"event":"history","time":1795591839000000000,"at":1795591839000000000,"config":"app","#
        + #""generation":12,"outcome":"applied","digest":"0123456789abcdef","#
        + #""isInForce":true,"errors":[]}"#)
    #expect(lines(try text.history(ControlHistory(entries: []), time: now)).count == 1)
  }

  @Test("Differences are a line each")
  func diff() throws {
    let path = try #require(ConfigKeyPath("server.port"))
    let diff = ControlDiff(
      config: "app", from: 3, to: 5,
      differences: [.init(ConfigDifference(keyPath: path, old: nil, new: 81))])
    #expect(
      lines(try text.diff(diff, time: now))
        == ["app: generation 3 -> 5", "  server.port: nothing -> 81"])
    #expect(
      lines(try json.diff(diff, time: now)) == [
        #"{"event":"diff","time":1795591839000000000,"config":"app","from":3,"to":5,"#
          + #""differences":[{"keyPath":"server.port","new":81}]}"#
      ])
  }

  @Test("Pausing and resuming say what holds from now on")
  func pausing() throws {
    #expect(
      lines(try text.pausing(ControlPausing(isPaused: true, generation: 3), time: now)) == [
        "paused: changes wait, generation 3 stays in force until hotreload resume"
      ])
    #expect(
      lines(try json.pausing(ControlPausing(isPaused: false, generation: 4), time: now)) == [
        #"{"event":"resumed","time":1795591839000000000,"isPaused":false,"generation":4}"#
      ])
  }
}
