import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("The README's programs")
struct ReadmeTests {
  private static let repository = FilePath(#filePath)
    .removingLastComponent().removingLastComponent().removingLastComponent()

  private func text(_ path: FilePath) throws -> String {
    try String(contentsOfFile: Self.repository.pushing(path).string, encoding: .utf8)
  }

  @Test("It is the example that is compiled, and has 15 lines")
  func sameProgram() throws {
    let program = try text("Examples/HelloHotReload/main.swift")
    #expect(try text("README.md").contains("```swift\n\(program)```"))
    #expect(program.split(separator: "\n", omittingEmptySubsequences: false).count == 15 + 1)
  }

  @Test("The server with templates and live browsers is the example that is compiled")
  func sameServer() throws {
    let program = try text("Examples/HotReloadServer/Sources/LiveSite/LiveSite.swift")
    #expect(try text("README.md").contains("```swift\n\(program)```"))
  }

  @Test("It prints the value in force, a refusal with its place, and the next value")
  func runs() async throws {
    let workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "greeting = \"Hello\"\nport = 1\n")
    // Line by line: into a pipe it would print only at its end.
    let process = try CommandProcess(
      command: ["/usr/bin/env", "stdbuf", "-oL", CommandProcess.path(of: "HelloHotReload")],
      environment: ["WORKSPACE_PATH": workspace.root.string])
    #expect(
      try await process.output.next() == "starting with AppConfig(greeting: \"Hello\", port: 1)")
    try workspace.replace("config/app.toml", "greeting = 42\nport = 1\n")
    let refusal = try #require(try await process.output.next())
    #expect(refusal.contains("config/app.toml:1:12 greeting: expected String"))
    try workspace.replace("config/app.toml", "greeting = \"Bye\"\nport = 1\n")
    #expect(try await process.output.next() == "now AppConfig(greeting: \"Bye\", port: 1)")
  }
}
