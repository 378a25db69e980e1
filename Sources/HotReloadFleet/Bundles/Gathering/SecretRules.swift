import SystemPackage
import WorkspaceTools

/// Decides whether files may go to where others can read them.
struct SecretRules: Sendable {
  /// The most findings that one error tells.
  static let maximumFindings = 20

  private let redaction: RedactionRules

  init(redaction: RedactionRules = .default) {
    self.redaction = redaction
  }

  /// Refuses files that hold what looks like a secret.
  /// - Throws: ``BundleError`` with the code `secretsFound`, or `unreadable` for a config that cannot be parsed, in which
  ///   anything might stand.
  func check(_ files: [ContentBundle.File]) throws(BundleError) {
    var findings: [SecretFinding] = []
    for file in files where findings.count < Self.maximumFindings {
      let left = Self.maximumFindings - findings.count
      var found = TokenScanner.findings(in: file.bytes, file: file.path, limit: left)
      for finding in try configFindings(in: file)
      where !found.contains(where: { $0.line == finding.line }) {
        found.append(finding)
      }
      findings += found.sorted { ($0.line, $0.column) < ($1.line, $1.column) }.prefix(left)
    }
    guard !findings.isEmpty else { return }
    let all = findings.count < Self.maximumFindings ? "" : " (and perhaps more)"
    throw BundleError(
      .secretsFound,
      "what looks like a secret stands in files that would be rolled out\(all), where all who can read the "
        + "fleet's store could read it. Put \"${file:/run/secrets/NAME}\" or \"${VARIABLE}\" in its place, which each "
        + "instance fills in for itself; or exclude the file; or, if it is none, allow secrets (--allow-secrets):",
      findings: findings)
  }

  private func configFindings(in file: ContentBundle.File) throws(BundleError) -> [SecretFinding] {
    guard file.path.utf8.starts(with: "config/".utf8),
      let format = FilePath(file.path).extension.flatMap(ConfigFormat.init(fileExtension:))
    else { return [] }
    let tree: ConfigTree
    do {
      tree = try format.parse(file.bytes, file: file.path)
    } catch {
      throw BundleError(
        .unreadable,
        "\(error); whether it holds secrets cannot be told: mend it, exclude it, or allow secrets (--allow-secrets)",
        cause: error)
    }
    var findings: [SecretFinding] = []
    collect(tree, ConfigKeyPath(), isSecret: false, file.path, into: &findings)
    return findings
  }

  /// What redaction would hide and is a text: numbers and truth values under such keys, as in `max_tokens = 4096`, are no secrets.
  private func collect(
    _ tree: ConfigTree, _ path: ConfigKeyPath, isSecret: Bool, _ file: String,
    into findings: inout [SecretFinding]
  ) {
    switch tree.value {
    case .table(let table):
      for entry in table {
        collect(
          entry.value, path.appending(.key(entry.key)),
          isSecret: isSecret && !Self.namesAPlace(entry.key)
            || redaction.isSecret(entry.key) && !Self.namesAPlace(entry.key),
          file, into: &findings)
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        collect(element, path.appending(.index(index)), isSecret: isSecret, file, into: &findings)
      }
    case .string(let text) where isSecret && Self.isLiteral(text):
      findings.append(
        SecretFinding(
          file: file, line: tree.location?.line ?? 1, column: tree.location?.column ?? 1,
          kind: .configValue, keyPath: path.description))
    default: break
    }
  }

  /// Whether a key such as `password_file` says where a secret is, which is what is advised.
  private static func namesAPlace(_ key: String) -> Bool {
    let key = key.lowercased()
    return ["file", "path", "env"].contains { key.hasSuffix($0) }
  }

  /// Whether nothing is put into a text: it has no `${` in it but escaped ones.
  static func isLiteral(_ text: String) -> Bool {
    if text.isEmpty { return false }
    let bytes = Array(text.utf8)
    return !bytes.indices.dropLast().contains { index in
      bytes[index] == UInt8(ascii: "$") && bytes[index + 1] == UInt8(ascii: "{")
        && (index == 0 || bytes[index - 1] != UInt8(ascii: "$"))
    }
  }
}
