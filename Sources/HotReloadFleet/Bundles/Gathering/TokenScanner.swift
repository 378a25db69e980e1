/// Finds tokens in bytes whose makers gave them a form that nothing else has.
///
/// Each form begins with a mark of its own and is long enough that no other text has it by chance. What is not here: tokens without
/// a mark, which only look random, and those that are meant to be public although they look secret, such as a Google API key in
/// a page's script, or a JSON Web Token for browsers. Where the forms are described is in Documentation/FLEET-BUNDLES.md.
struct TokenScanner {
  /// One form of token.
  private struct Form {
    var kind: SecretFinding.Kind
    var marks: [[UInt8]]
    /// Whether what follows the mark is a token's rest.
    var isRest: @Sendable (ArraySlice<UInt8>) -> Bool

    init(
      _ kind: SecretFinding.Kind, _ marks: [String],
      _ isRest: @escaping @Sendable (ArraySlice<UInt8>) -> Bool
    ) {
      self.kind = kind
      self.marks = marks.map { Array($0.utf8) }
      self.isRest = isRest
    }
  }

  private static let forms = [
    Form(.privateKey, ["-----BEGIN "]) { isPrivateKeyLabel($0) },
    Form(.awsAccessKey, ["AKIA", "ASIA"]) { rest in
      // AWS's own documentation has keys that end so; they are none.
      let body = rest.prefix(while: isAlphanumeric)
      return body.count == 16 && body.allSatisfy(isBase32) && !body.ends(with: "EXAMPLE".utf8)
    },
    Form(.gitHubToken, ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]) {
      $0.prefix(while: isAlphanumeric).count >= 36
    },
    Form(.gitHubToken, ["github_pat_"]) {
      $0.prefix { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }.count >= 50
    },
    Form(.gitLabToken, ["glpat-"]) { $0.prefix(while: isWord).count >= 20 },
    Form(.slackToken, ["xoxb-", "xoxp-", "xoxa-", "xoxr-"]) { rest in
      let body = rest.prefix { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
      return body.count >= 20 && body.prefix(while: isDigit).count >= 8
    },
    Form(.stripeKey, ["sk_live_", "rk_live_"]) { $0.prefix(while: isAlphanumeric).count >= 24 },
  ]

  /// Which forms can begin with a byte.
  private static let byFirst: [[Form]] = (0..<256).map { byte in
    forms.filter { $0.marks.contains { $0[0] == UInt8(byte) } }
  }

  /// Finds the tokens in a file.
  /// - Parameter limit: the most findings.
  static func findings(in bytes: [UInt8], file: String, limit: Int) -> [SecretFinding] {
    var findings: [SecretFinding] = []
    for index in candidates(in: bytes) {
      let rest = bytes[index...]
      for form in byFirst[Int(bytes[index])] {
        guard let mark = form.marks.first(where: { rest.starts(with: $0) }),
          form.isRest(rest.dropFirst(mark.count))
        else { continue }
        guard findings.count < limit else { return findings }
        let (line, column) = position(of: index, in: bytes)
        findings.append(SecretFinding(file: file, line: line, column: column, kind: form.kind))
      }
    }
    return findings
  }

  /// Where a mark may begin: at a byte that begins one and that no letter or digit precedes.
  private static func candidates(in bytes: [UInt8]) -> [Int] {
    let begins = byFirst.map { !$0.isEmpty }
    var candidates: [Int] = []
    // Plain loops over memory: this looks at every byte of a bundle, also where nothing is optimized.
    let end = bytes.count
    bytes.withUnsafeBufferPointer { bytes in
      begins.withUnsafeBufferPointer { begins in
        guard let bytes = bytes.baseAddress, let begins = begins.baseAddress else { return }
        var index = 0
        while index < end {
          if begins[Int(bytes[index])], index == 0 || !isAlphanumeric(bytes[index - 1]) {
            candidates.append(index)
          }
          index += 1
        }
      }
    }
    return candidates
  }

  /// `RSA PRIVATE KEY-----`, `PRIVATE KEY-----`, `PGP PRIVATE KEY BLOCK-----` and their like.
  private static func isPrivateKeyLabel(_ rest: ArraySlice<UInt8>) -> Bool {
    let label = rest.prefix(48).prefix { isAlphanumeric($0) || $0 == UInt8(ascii: " ") }
    guard rest.dropFirst(label.count).starts(with: "-----".utf8) else { return false }
    return label.ends(with: "PRIVATE KEY".utf8) || label.ends(with: "PRIVATE KEY BLOCK".utf8)
  }

  /// Line and column, in Unicode scalars, both 1-based.
  private static func position(of index: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
    let before = bytes[..<index]
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return (
      before.count { $0 == UInt8(ascii: "\n") } + 1,
      before[start...].count { $0 & 0xC0 != 0x80 } + 1
    )
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  private static func isBase32(_ byte: UInt8) -> Bool {
    UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || UInt8(ascii: "2")...UInt8(ascii: "7") ~= byte
  }
}

extension ArraySlice<UInt8> {
  fileprivate func ends(with other: String.UTF8View) -> Bool {
    suffix(other.count).elementsEqual(other)
  }
}
