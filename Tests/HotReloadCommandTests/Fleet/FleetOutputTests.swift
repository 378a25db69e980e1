import Foundation
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadCommand
@testable import HotReloadFleet

@Suite("Arguments and lines of hotreload fleet")
struct FleetOutputTests {
  @Test("A plan has growing shares, each with its time, up to all")
  func plans() throws {
    let plan = try #require(StagesArgument(argument: "0.5%:30s,10%:5m,100%"))
    #expect(plan.stages.map(\.basisPoints) == [50, 1_000, 10_000])
    #expect(plan.stages.map(\.bakeMilliseconds) == [30_000, 300_000, 0])
    let many = (1...17).map { "\($0 == 17 ? 100 : $0)%:0" }.joined(separator: ",")
    let wrong = [
      "", "100", "0%:0,100%:0", "10%:0", "10%:0,10%:0,100%:0", "50%:0,101%:0", "100%:5",
      "100%:-1s", "100%:1s:2s", "nan%:0,100%:0", "1%:0,,100%:0", many,
    ]
    for text in wrong { #expect(StagesArgument(argument: text) == nil, "\(text)") }
  }

  @Test("Flags win over the [fleet] table; a password comes from a file, a variable or the table")
  func precedence() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.write("secret/password", "from-file\n")
    try workspace.write(
      "hotreload.toml",
      """
      [fleet]
      name = "shop"
      endpoints = ["http://a:2379"]
      user = "ann"
      password = "${FLEET_TEST_PASSWORD:-from-table}"
      ca = "certificates/ca.pem"
      exclude = ["static/video/**"]
      """)
    func options(
      _ arguments: String..., environment: [String: String] = [:]
    ) throws -> FleetOptions {
      let parsed = try FleetStoreOptions.parse(arguments + ["--root", workspace.root.string])
      return try parsed.options(in: parsed.workspace(), environment: environment).options
    }
    func etcd(_ options: FleetOptions) throws -> EtcdOptions {
      guard case .etcd(let etcd) = options.store else { throw CocoaError(.featureUnsupported) }
      return etcd
    }
    let table = try options()
    #expect(table.fleet == "shop")
    #expect(table.scope.exclude.contains("static/video/**"))
    #expect(try etcd(table).endpoints == ["http://a:2379"])
    #expect(try etcd(table).credentials?.password == "from-table")
    #expect(try etcd(table).tls.trustRoots == workspace.path("certificates/ca.pem"))
    let variable = [FleetStoreOptions.passwordVariable: "from-variable"]
    #expect(try etcd(options(environment: variable)).credentials?.password == "from-variable")
    let flags = try options(
      "--fleet", "other", "--endpoint", "http://b:1", "--endpoint", "http://c:2", "--user", "ben",
      "--password-file", workspace.path("secret/password").string, environment: variable)
    #expect(flags.fleet == "other")
    #expect(try etcd(flags).endpoints == ["http://b:1", "http://c:2"])
    #expect(try etcd(flags).credentials?.user == "ben")
    #expect(try etcd(flags).credentials?.password == "from-file")
    guard case .sqlite(let path) = try options("--sqlite", "/srv/fleet.sqlite").store else {
      Issue.record("the store is not SQLite")
      return
    }
    #expect(path == "/srv/fleet.sqlite")
  }

  @Test("A block is drawn over the one before, and cut at the terminal's edges")
  func terminal() {
    var block = TerminalBlock { (columns: 10, rows: 4) }
    func draw(_ lines: [String]) -> String {
      String(
        decoding: block.replacing(with: Array(lines.map { $0 + "\n" }.joined().utf8)), as: UTF8.self
      )
    }
    #expect(draw(["one", "two"]) == "one\ntwo\n")
    #expect(draw(["0123456789ab"]) == "\u{1B}[2A\r\u{1B}[J0123456789\n")
    #expect(draw(["1", "2", "3", "4", "5"]) == "\u{1B}[1A\r\u{1B}[J1\n2\n... and 3 \n")
    #expect(draw(["1"]) == "\u{1B}[3A\r\u{1B}[J1\n")
  }

  @Test("What instances say of themselves cannot write on the terminal")
  func controlCharacters() throws {
    let evil = "\u{1B}[2J"
    let release = Release(number: 1, content: BundleDigest(rawValue: "ab\(evil)"))
    let failure = RolloutFailure(kind: .reported, instance: evil, reason: evil)
    let renderer = FleetRenderer(isJSON: false)
    var proposal = Proposal(id: "p", content: release.content, proposedBy: evil)
    proposal.stages = nil
    let kept = [QuarantinedBundle(release: release, failure: failure)]
    let lines =
      try renderer.proposed(proposal, nil, time: 0) + renderer.unchanged(release, time: 0)
      + renderer.progress(.rolledBack(release, failure, unreverted: 1), of: proposal, time: 0)
      + renderer.quarantine(kept, isCleared: false, time: 0)
      + renderer.quarantine(kept, isCleared: true, time: 0)
    #expect(!lines.contains(0x1B))
    #expect(String(decoding: lines, as: UTF8.self).contains("\\u{1B}[2J"))
  }
}
