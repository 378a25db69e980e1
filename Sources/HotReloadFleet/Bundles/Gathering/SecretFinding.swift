/// A place in a file at which something stands that looks like a secret. What it is, is nowhere in it.
public struct SecretFinding: Sendable, Hashable, CustomStringConvertible {
  /// What it looks like.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `-----BEGIN … PRIVATE KEY-----` (RFC 7468; OpenSSH and OpenPGP have it too).
    case privateKey
    /// The ID of an access key of Amazon Web Services.
    case awsAccessKey
    /// A token of GitHub.
    case gitHubToken
    /// A personal access token of GitLab.
    case gitLabToken
    /// A token of Slack.
    case slackToken
    /// A secret key of Stripe for real payments.
    case stripeKey
    /// A text in a config, under a key that ``WorkspaceTools/RedactionRules`` call secret.
    case configValue

    /// For people.
    var title: String {
      switch self {
      case .privateKey: "a private key"
      case .awsAccessKey: "an AWS access key"
      case .gitHubToken: "a GitHub token"
      case .gitLabToken: "a GitLab token"
      case .slackToken: "a Slack token"
      case .stripeKey: "a Stripe secret key"
      case .configValue: "a literal value of a secret key"
      }
    }
  }

  /// The file's path relative to the root.
  public var file: String
  /// The line, 1-based.
  public var line: Int
  /// The column in Unicode scalars, 1-based.
  public var column: Int
  /// What it looks like.
  public var kind: Kind
  /// The config's key, for a ``Kind/configValue``; else empty.
  public var keyPath: String

  /// Creates a finding.
  public init(file: String, line: Int, column: Int, kind: Kind, keyPath: String = "") {
    self.file = file
    self.line = line
    self.column = column
    self.kind = kind
    self.keyPath = keyPath
  }

  /// `config/app.toml:3:12 database.password: a literal value of a secret key`.
  public var description: String {
    "\(file):\(line):\(column)\(keyPath.isEmpty ? "" : " \(keyPath)"): \(kind.title)"
  }
}
