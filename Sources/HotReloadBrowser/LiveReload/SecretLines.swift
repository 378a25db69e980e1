import WorkspaceTools

/// Takes the values of secret keys out of the lines of a config, which may be half-edited and so cannot be parsed.
///
/// It knows of TOML, YAML and JSON only what they have in common, and when in doubt it takes away too much: what follows a secret key on
/// its line, the lines that are indented deeper, those until its brackets or its long string close, and those of a table whose
/// header has a secret word.
struct SecretLines {
  let rules: RedactionRules

  /// What the lines before lead to.
  private struct Context {
    /// Lines that are indented deeper than that belong to a secret key.
    var indent: Int?
    /// A secret key had nothing behind it on its line.
    var awaitsValue = false
    /// Brackets of a secret value that are open.
    var depth = 0
    /// What ends the long string that a secret value is.
    var stringEnd: String?
    /// The table's header has a secret word.
    var isSecretTable = false
  }

  /// The lines with ``WorkspaceTools/RedactionRules/replacement`` in the place of what is not to be shown.
  func redacted(_ lines: [String]) -> [String] {
    if rules.words.isEmpty { return lines }
    var context = Context()
    return lines.map { redacted($0, &context) }
  }

  private func redacted(_ line: String, _ context: inout Context) -> String {
    let content = line.drop { $0 == " " || $0 == "\t" }
    let indent = line.count - content.count
    if content.isEmpty { return line }
    let hidden = String(line.prefix(indent)) + RedactionRules.replacement
    if let end = context.stringEnd {
      if content.contains(end) { context.stringEnd = nil }
      return hidden
    }
    if context.depth > 0 {
      context.depth = max(0, context.depth + Self.brackets(in: content))
      return hidden
    }
    if let limit = context.indent {
      if indent > limit || (indent == limit && content.hasPrefix("- ")) { return hidden }
      context.indent = nil
    }
    if context.awaitsValue {
      context.awaitsValue = false
      if !Self.beginsWithKey(content) { return hidden }
    }
    if let header = Self.tableHeader(content) {
      context.isSecretTable = isSecret(header)
      return line
    }
    if context.isSecretTable {
      let key = content.firstIndex(of: "=").map { content[...$0] + " " } ?? ""
      return String(line.prefix(indent)) + key + RedactionRules.replacement
    }
    guard let value = secretValue(in: line) ?? secretBegin(of: line) else { return line }
    let rest = line[value...]
    context.awaitsValue = rest.allSatisfy { $0 == " " || $0 == "\t" }
    context.indent = indent
    context.depth = max(0, Self.brackets(in: rest))
    context.stringEnd = ["\"\"\"", "'''"].first { rest.ranges(of: $0).count == 1 }
    if context.awaitsValue { return line }
    return "\(line[..<value]) \(RedactionRules.replacement)"
  }

  /// Whether a line begins with a key and its separator, and not with a value, which may have a separator in it.
  private static func beginsWithKey(_ content: Substring) -> Bool {
    guard let quote = content.first, quote == "\"" || quote == "'" else {
      return content.contains { $0 == "=" || $0 == ":" }
    }
    var isEscaped = false
    let end = content.dropFirst().firstIndex { character in
      defer { isEscaped = !isEscaped && character == "\\" }
      return character == quote && !isEscaped
    }
    guard let end else { return false }
    let next = content[content.index(after: end)...].first { $0 != " " && $0 != "\t" }
    return next == "=" || next == ":"
  }

  /// Where the value of the first secret key of a line begins.
  private func secretValue(in line: String) -> String.Index? {
    var begin = line.startIndex
    while let separator = line[begin...].firstIndex(where: { $0 == "=" || $0 == ":" }) {
      if isSecret(line[begin..<separator]) { return line.index(after: separator) }
      begin = line.index(after: separator)
    }
    return nil
  }

  /// Where the first word of a line ends, if it is a secret key whose separator was not written yet.
  private func secretBegin(of line: String) -> String.Index? {
    let start = line.drop { " \t\"'{,-".contains($0) }
    let word = start.prefix { $0.isLetter || $0.isNumber || "_-.".contains($0) }
    return !word.isEmpty && rules.isSecret(String(word)) ? word.endIndex : nil
  }

  /// Whether the words before a separator end in a secret key.
  private func isSecret(_ text: Substring) -> Bool {
    let key = text.split { ",{[()]}".contains($0) }.last ?? ""
    return key.split { "\"'. \t-".contains($0) }.contains { rules.isSecret(String($0)) }
      || rules.isSecret(String(key))
  }

  private static func brackets(in text: Substring) -> Int {
    text.reduce(0) { sum, character in
      switch character {
      case "{", "[": sum + 1
      case "}", "]": sum - 1
      default: sum
      }
    }
  }

  /// What is between the brackets of `[table]` and `[[table]]`; nil for any other line.
  private static func tableHeader(_ content: Substring) -> Substring? {
    guard content.hasPrefix("["), let end = content.lastIndex(of: "]") else { return nil }
    let name = content[..<end].drop { $0 == "[" }
    guard !name.contains(where: { ",=:{".contains($0) }) else { return nil }
    return name
  }
}
