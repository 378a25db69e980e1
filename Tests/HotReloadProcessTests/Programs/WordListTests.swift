import Testing

@testable import HotReloadProcess

@Suite("Command lines")
struct WordListTests {
  @Test(
    "They are split as a shell does",
    arguments: [
      ("nginx -t -c {file}", ["nginx", "-t", "-c", "{file}"]),
      ("  a\tb  ", ["a", "b"]), ("", []), ("a '' b", ["a", "", "b"]),
      ("sh -c 'a b; c | d'", ["sh", "-c", "a b; c | d"]), ("\"a \\\" \\n\"", ["a \" \\n"]),
      ("a\\ b x'y z'w", ["a b", "xy zw"]),
    ])
  func splits(line: String, words: [String]) throws {
    #expect(try WordList.split(line) == words)
  }

  @Test(
    "What needs a shell, and what never ends, is refused",
    arguments: ["a | b", "a > b", "$X", "'a", "a\\", "a;b"])
  func refuses(line: String) {
    #expect(throws: WordList.Failure.self) { try WordList.split(line) }
  }

  @Test("Signals have names and numbers")
  func signals() {
    #expect(ProcessSignal(named: "hup") == .hangUp)
    #expect(ProcessSignal(named: "SIGTERM") == .terminate)
    #expect(ProcessSignal(named: "9") == .kill)
    #expect(ProcessSignal(named: "NONSENSE") == nil)
    #expect(ProcessSignal(named: "0") == nil)
    #expect("\(ProcessSignal.hangUp)" == "HUP")
  }
}
