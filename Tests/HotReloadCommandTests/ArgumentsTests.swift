import Testing

@Suite("Arguments of hotreload")
struct ArgumentsTests {
  @Test(
    "A usage error is 64 and says on standard error what is wrong",
    arguments: [
      ["nonsense"], ["watch", "--nonsense"], ["watch", "--quiet-period", "20"],
      ["watch", "--format", "xml"], ["watch", "--json", "--format", "tsv"],
      ["watch", "--poll", "1ms"], ["watch", "--exclude", "a", "--no-exclude"],
      ["watch", "--root", ""], ["run"], ["run", "true"],
      ["run", "--on-change", "signal:NO", "--", "true"],
      ["run", "--validate", "a | b", "--", "true"],
      ["serve", "--port", "65536"], ["serve", "--port", "http"], ["serve", "--instance", "a/b"],
      ["serve", "--", "true"], ["serve", "--build", "true"], ["serve", "--proxy", "nowhere"],
      ["serve", "--proxy", "http://127.0.0.1:9", "--build", "true"],
      ["assets", "build", "--minify"], ["explain"], ["explain", "a", "b"], ["init", ""],
      ["doctor", "--port", "-1"],
    ])
  func usageErrors(arguments: [String]) async throws {
    let result = try await CommandProcess.run(arguments)
    #expect(result.code == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.first?.hasPrefix("Error: ") == true)
  }

  @Test(
    "Help is 0, on standard output, and has examples",
    arguments: [
      [], ["watch"], ["follow"], ["check"], ["get"], ["run"], ["serve"], ["assets", "build"],
      ["init"], ["explain"], ["doctor"],
    ])
  func help(command: [String]) async throws {
    let result = try await CommandProcess.run(command + ["--help"])
    #expect(result.code == 0)
    #expect(result.output.contains { $0.contains("EXAMPLES") })
    #expect(result.output.contains { $0.contains("  hotreload ") })
  }
}
