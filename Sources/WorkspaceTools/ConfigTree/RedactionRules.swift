/// Which keys have values that are never shown.
///
/// A key is split into words at `_`, `-`, `.`, spaces, digits and capital letters after small ones;
/// it is secret if one of its words, or several in a row, is one of the rules' words. So `apiKey`,
/// `API_KEY` and `api-key` are secret, and `keyboard` and `tokenizer` are not. The password in a URL is never shown,
/// whatever its key.
public struct RedactionRules: Sendable, Hashable {
  /// What stands in a secret's place.
  public static let replacement = "(redacted)"

  /// The words, lower-case, those of a group without anything between them: `apikey`.
  public var words: Set<String>

  /// Rules with these words instead of the default ones.
  public init(words: some Sequence<String>) {
    self.words = Set(words.map { Self.words(in: $0).joined() })
  }

  /// Passwords, secrets, tokens, keys and credentials; and the test subjects of experiments, who are people.
  public static let `default` = RedactionRules(words: [
    "password", "passwords", "passwd", "pwd", "passphrase", "passcode",
    "secret", "secrets", "token", "tokens", "jwt", "apiKey", "apiKeys", "accessKey", "accessKeys",
    "privateKey", "privateKeys", "secretKey", "signingKey", "encryptionKey", "masterKey", "sshKey",
    "credential", "credentials", "authorization", "bearer", "dsn", "connectionString",
    "testSubjects",
  ])

  /// Rules that show everything.
  public static let none = RedactionRules(words: [])

  /// True if the value of `key` must not be shown.
  public func isSecret(_ key: String) -> Bool {
    if words.isEmpty { return false }
    let parts = Self.words(in: key)
    for start in parts.indices {
      var joined = ""
      for part in parts[start...].prefix(3) {
        joined += part
        if words.contains(joined) { return true }
      }
    }
    return false
  }

  /// The words of a key, lower-case: `dbAPIKey_old` has `db`, `api`, `key`, `old`.
  static func words(in key: String) -> [String] {
    var words: [String] = []
    var word = ""
    let characters = Array(key)
    for (index, character) in characters.enumerated() {
      guard character.isLetter else {
        if !word.isEmpty { words.append(word) }
        word = ""
        continue
      }
      if character.isUppercase, !word.isEmpty {
        let afterSmall = characters[index - 1].isLowercase
        let beforeSmall = index + 1 < characters.count && characters[index + 1].isLowercase
        if afterSmall || beforeSmall {
          words.append(word)
          word = ""
        }
      }
      word += character.lowercased()
    }
    if !word.isEmpty { words.append(word) }
    return words
  }
}

extension ConfigTree {
  /// This tree with every secret's value replaced; below a secret key nothing is left. Nulls stay,
  /// as they say only that there is none. Of URLs under any key the passwords are replaced.
  public func redacted(by rules: RedactionRules = .default) -> ConfigTree {
    if rules.words.isEmpty { return self }
    switch value {
    case .table(let table):
      var redacted = table
      for (position, entry) in table.enumerated() {
        let value: ConfigTree
        if rules.isSecret(entry.key), entry.value.value != .null {
          value = ConfigTree(.string(RedactionRules.replacement), location: entry.value.location)
        } else {
          value = entry.value.redacted(by: rules)
        }
        redacted.withValue(at: position) { $0 = value }
      }
      return ConfigTree(.table(redacted), location: location, origin: origin)
    case .array(let elements):
      let redacted = elements.map { $0.redacted(by: rules) }
      return ConfigTree(.array(redacted), location: location, origin: origin)
    case .string(let text):
      return ConfigTree(
        .string(rules.withoutPasswords(text)), location: location, origin: origin)
    default: return self
    }
  }
}
