import Foundation
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

@Suite("Documentation/FLEET.md")
struct FleetDocumentationTests {
  private let text: String

  init() throws {
    let file = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().removingLastComponent().appending("Documentation/FLEET.md")
    text = try String(contentsOfFile: file.string, encoding: .utf8)
  }

  @Test("Its [fleet] table is one that is understood, and all keys are explained")
  func settings() throws {
    let blocks = text.split(separator: "```toml\n")
    let table = try #require(blocks.dropFirst().first?.split(separator: "```").first)
    let workspace = try TemporaryWorkspace()
    try workspace.write("etcd-password", "hunter2")
    try workspace.write(
      "hotreload.toml",
      String(table).replacing("/run/secrets/etcd", with: workspace.path("etcd-password").string))
    let settings = try #require(try FleetSettings.load(from: Workspace(root: workspace.root)))
    let options = try settings.options()
    #expect(options.fleet == "shop")
    #expect(options.stages.map(\.basisPoints) == [100, 1_000, 10_000])
    for key in FleetSettings.CodingKeys.allCases {
      #expect(text.contains("`\(key.rawValue)`"), "\(key.rawValue) is not explained")
    }
  }

  @Test("Its numbers are those of the library")
  func numbers() {
    let times = RolloutTimes()
    #expect(times.lease == .seconds(10) && times.grace == .seconds(15))
    #expect(text.contains("not back 15 s after its lease of 10 s"))
    #expect(times.uptake == .seconds(120) && text.contains("does not end within 2 minutes"))
    #expect(times.massLossBasisPoints == 3_000 && text.contains("30 % of the instances"))
    #expect(times.expiry == .seconds(30) && text.contains("has heard nothing for 30 s"))
    #expect(times.rollBack == .seconds(60) && text.contains("after 60 s"))
    #expect(ControllerMachine.maximumHistory == 100 && text.contains("the last 100 are"))
    #expect(RolloutStage.standard.map(\.basisPoints) == [100, 1_000, 5_000, 10_000])
    #expect(RolloutStage.standard.map(\.bakeMilliseconds) == [300_000, 300_000, 600_000, 600_000])
    #expect(text.contains("1 % for 5 minutes, 10 % for 5 minutes, 50 % for 10 minutes, all for 10"))
  }
}
