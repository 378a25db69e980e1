import HotReloadFleet
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

/// The tokens here are made up, and put together so that nothing finds them in this file.
@Suite struct BundleSecretsTests {
  static let random36 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

  static let tokens: [(SecretFinding.Kind, String)] = [
    (.privateKey, "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQ"),
    (.privateKey, "-----BEGIN " + "RSA PRIVATE KEY-----"),
    (.privateKey, "-----BEGIN " + "OPENSSH PRIVATE KEY-----"),
    (.privateKey, "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----"),
    (.awsAccessKey, "AKIA" + "ABCDEFGHIJKLMN27"), (.awsAccessKey, "ASIA" + "2222222222222222"),
    (.gitHubToken, "ghp_" + random36), (.gitHubToken, "ghs_" + random36 + random36),
    (.gitHubToken, "github_pat_" + random36 + "_" + random36),
    (.gitLabToken, "glpat-" + "abcdefghij-_0123456789"),
    (.slackToken, "xoxb-" + "153445930147-Tjy11gGxUW6Cf99YOYwtzG0K"),
    (.stripeKey, "sk_live_" + "abcdefghijklmnopqrstuvwx"),
  ]

  @Test(arguments: tokens.indices)
  func `A token is refused wherever it stands, and the error tells where and not what`(
    _ index: Int
  ) async throws {
    let (kind, token) = Self.tokens[index]
    let folder = try TemporaryWorkspace()
    try folder.write("static/app.js", "// \u{E9}\u{1F44D}\nlet x = 1\nlet \u{E9} = \"\(token)\";\n")
    let error = try #require(await failure(folder))
    #expect(
      error.findings == [SecretFinding(file: "static/app.js", line: 3, column: 10, kind: kind)])
    #expect("\(error)".contains("static/app.js:3:10"))
    for advice in ["${file:", "${VARIABLE}", "exclude", "--allow-secrets"] {
      #expect(error.message.contains(advice))
    }
    #expect(!"\(error)".contains(token.suffix(12)))
    #expect(try await gather(folder, BundleScope(allowsSecrets: true)).files.count == 1)
  }

  @Test(arguments: [
    "AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "abcdefghijklmnop", "AKIA" + "ABCDEFGHIJKLMN270",
    "xAKIA" + "ABCDEFGHIJKLMN27",
    "ghp_short", "ghp_your_token_here_your_token_here_your_token",
    "xoxb-your-token-goes-here-please",
    "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN OUR PRIVATE KEY CHAPTER-----",
    "sk_test_abcdefghijklmnopqrstuvwx", "glpat-xxxx", "task_live_abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dGVzdA",
  ])
  func `What only resembles a token is let through`(_ text: String) async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("templates/index.mustache", "<p>\(text)</p>")
    #expect(try await gather(folder).files.count == 1)
  }

  @Test func `A literal text under a secret key of a config is refused, in each format`()
    async throws
  {
    let folder = try TemporaryWorkspace()
    try folder.write("config/a.toml", "[database]\nuser = \"shop\"\npassword = \"hunter2\"\n")
    try folder.write("config/b.yaml", "apiKey: sesame\n")
    try folder.write("config/c.json", "{\"tokens\": [\"${A}\", \"sesame\"]}")
    let error = try #require(await failure(folder))
    #expect(
      error.findings.map(\.description) == [
        "config/a.toml:3:12 database.password: a literal value of a secret key",
        "config/b.yaml:1:9 apiKey: a literal value of a secret key",
        "config/c.json:1:21 tokens[1]: a literal value of a secret key",
      ])
    #expect(!"\(error)".contains("hunter2"))
    #expect(!"\(error)".contains("sesame"))
  }

  @Test func `What is filled in by each instance, empty or no text is let through`() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write(
      "config/a.toml",
      """
      password = "${DB_PASSWORD}"
      token = "${file:/run/secrets/token}"
      secret = ""
      max_tokens = 4096
      password_file = "/run/secrets/password"
      tokenizer = "bpe"
      keyboard = "qwertz"
      dsn = "postgres://shop:${DB_PASSWORD}@db/shop"

      """)
    #expect(try await gather(folder).files.count == 1)
    try folder.write("config/a.toml", "password = \"$${DB_PASSWORD}\"")
    #expect(await failure(folder)?.findings.count == 1)
  }

  @Test func `A config that cannot be parsed is not sent unseen`() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/a.toml", "a = 1\npassword = \n")
    let error = try #require(await failure(folder))
    #expect(error.code == .unreadable)
    #expect(error.message.contains("config/a.toml:2:"))
    #expect(try await gather(folder, BundleScope(allowsSecrets: true)).files.count == 1)
  }

  @Test func `One error tells as many findings as a person reads`() async throws {
    let folder = try TemporaryWorkspace()
    let lines = (0..<100).map { "token\($0) = \"x\(String(repeating: "y", count: 8))\"\n" }
    for name in ["a", "b"] { try folder.write(FilePath("config/\(name).toml"), lines.joined()) }
    let error = try #require(await failure(folder))
    #expect(error.findings.count == 20)
    #expect(error.message.contains("and perhaps more"))
  }

  private func gather(
    _ folder: TemporaryWorkspace, _ scope: BundleScope = BundleScope()
  ) async throws -> ContentBundle {
    try await ContentBundle.gather(from: folder.workspace(), scope: scope)
  }

  private func failure(_ folder: TemporaryWorkspace) async -> BundleError? {
    await #expect(throws: BundleError.self) { try await gather(folder) }
  }
}
