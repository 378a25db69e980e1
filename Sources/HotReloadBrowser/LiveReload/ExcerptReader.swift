import HotReload
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Reads the lines around errors, for files below the root.
struct ExcerptReader: Sendable {
  /// How many lines before and after the one with the error.
  static let context = 3
  /// The most characters of a line.
  static let maximumLineLength = 240
  /// Of larger files no lines are shown, in bytes.
  static let maximumFileSize = 1 << 20

  /// An error of which the lines are wanted.
  struct Place: Sendable, Hashable {
    var unit: UnitID
    var diagnostic: ConfigDiagnostic
  }

  let root: FilePath
  let rules: RedactionRules

  /// The lines around all places that have some. The files are read on a thread that may wait.
  func excerpts(around places: [Place]) async -> [Place: LiveError.Excerpt] {
    guard !places.isEmpty else { return [:] }
    let read = try? await BlockingExecutor.shared.run {
      var texts: [String: String] = [:]
      var excerpts: [Place: LiveError.Excerpt] = [:]
      for place in places.prefix(LiveState.maximumErrors) {
        guard let location = place.diagnostic.location, location.line > 0 else { continue }
        let text = texts[location.file] ?? self.text(of: location.file)
        texts[location.file] = text
        excerpts[place] = text.flatMap { excerpt(of: $0, at: place) }
      }
      return excerpts
    }
    return read ?? [:]
  }

  private func text(of file: String) -> String? {
    let path = FilePath(file)
    // What is in there is nobody's business, whatever is wrong with it.
    if path.components.contains("secret") { return nil }
    let read = try? PathSafety(root: root).readStably(path, limit: Self.maximumFileSize)
    return read.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// The lines around one place in a text; nil if the text does not reach so far.
  func excerpt(of text: String, at place: Place) -> LiveError.Excerpt? {
    guard let location = place.diagnostic.location else { return nil }
    // A CRLF is one character, and not the same as a line feed.
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      .map(String.init)
    guard lines.indices.contains(location.line - 1) else { return nil }
    if place.unit.configName != nil {
      lines = SecretLines(rules: rules).redacted(lines)
      if isSecret(place.diagnostic.keyPath) {
        lines[location.line - 1] = RedactionRules.replacement
      }
    }
    let first = max(0, location.line - 1 - Self.context)
    let last = min(lines.count - 1, location.line - 1 + Self.context)
    let shown = lines[first...last].map { line in
      let line = rules.withoutPasswords(line)
      return line.count > Self.maximumLineLength
        ? String(line.prefix(Self.maximumLineLength)) + "…" : line
    }
    return LiveError.Excerpt(first: first + 1, lines: shown)
  }

  private func isSecret(_ keyPath: String) -> Bool {
    keyPath.split { "[].\"".contains($0) }.contains { rules.isSecret(String($0)) }
  }
}
