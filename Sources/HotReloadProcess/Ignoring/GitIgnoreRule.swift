import SystemPackage
import WorkspaceFiles

/// One line of a `.gitignore`, as a glob for paths relative to the folder that the file is in.
struct GitIgnoreRule: Sendable {
  /// Whether it takes back what rules before it say (`!`).
  let isNegated: Bool
  /// Whether it is only about folders (`/` at the end).
  let isForFolders: Bool
  /// The last component, if it has no wildcard: it matches only paths that end so.
  let literalName: String?
  /// The pattern in the language of ``WorkspaceFiles/Glob``.
  let pattern: String
  private let glob: Glob

  /// Nil for an empty line, a comment, and a pattern that can match nothing.
  init?(_ line: Substring) {
    var text = Self.withoutTrailingSpaces(line)
    guard let first = text.first, first != "#" else { return nil }
    isNegated = first == "!"
    if isNegated { text.removeFirst() }
    isForFolders = text.hasSuffix("/")
    if isForFolders { text.removeLast() }
    // A slash at the beginning or within ties the pattern to the file's own folder.
    let isAnchored = text.contains("/")
    if text.hasPrefix("/") { text.removeFirst() }
    guard let translated = GitPattern.translated(text) else { return nil }
    pattern = isAnchored ? translated : "**/" + translated
    guard let glob = try? Glob(pattern) else { return nil }
    self.glob = glob
    let name = text.split(separator: "/").last.map(String.init) ?? text
    literalName = name.contains { "*?[\\".contains($0) } ? nil : name
  }

  /// Whether the rule is about this path, relative to the folder of the rule's file.
  func matches(_ path: FilePath, isFolder: Bool) -> Bool {
    (isFolder || !isForFolders) && glob.matches(path)
  }

  /// Spaces at the end do not count, unless a backslash is before them. A file may have CRLF line ends.
  private static func withoutTrailingSpaces(_ line: Substring) -> String {
    var scalars = Array(line.unicodeScalars)
    if scalars.last == "\r" { scalars.removeLast() }
    while scalars.last == " " {
      let backslashes = scalars.dropLast().reversed().prefix { $0 == "\\" }.count
      if backslashes % 2 == 1 { break }
      scalars.removeLast()
    }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }
}

/// Translates git's patterns, which know no braces, but classes by name.
enum GitPattern {
  /// Nil for what can match nothing.
  static func translated(_ text: String) -> String? {
    var result = ""
    var rest = Array(text.unicodeScalars)[...]
    guard !rest.isEmpty else { return nil }
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        guard let next = rest.popFirst() else { return nil }
        result += "\\" + String(next)
      case "{", "}", ",": result += "\\" + String(scalar)
      case "[":
        guard let set = bracket(&rest) else { return nil }
        result += set
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A bracket expression after its `[`. Every member is written anew, so that nothing in it can be misread.
  private static func bracket(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
    var set = "["
    if rest.first == "!" || rest.first == "^" {
      rest.removeFirst()
      set += "!"
    }
    var isFirst = true
    while let scalar = rest.popFirst() {
      if scalar == "]", !isFirst { return set == "[" || set == "[!" ? nil : set + "]" }
      isFirst = false
      if scalar == "[", rest.first == ":" {
        guard let members = namedClass(&rest) else { return nil }
        set += members
        continue
      }
      guard let low = member(scalar, &rest) else { return nil }
      guard rest.first == "-", rest.dropFirst().first != "]", rest.count > 1 else {
        set += escaped(low)
        continue
      }
      rest.removeFirst()
      guard let next = rest.popFirst(), let high = member(next, &rest) else { return nil }
      // A range from high to low holds nothing.
      if low <= high { set += escaped(low) + "-" + escaped(high) }
    }
    return nil
  }

  private static func member(
    _ scalar: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>
  ) -> Unicode.Scalar? {
    scalar == "\\" ? rest.popFirst() : scalar
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    "\\" + String(scalar)
  }

  private static func namedClass(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
    guard let end = rest.firstIndex(of: "]"), rest[end - 1] == ":" else { return nil }
    let name = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<(end - 1)]))
    rest = rest[(end + 1)...]
    return switch name {
    case "alpha": "a-zA-Z"
    case "digit": "0-9"
    case "alnum": "a-zA-Z0-9"
    case "upper": "A-Z"
    case "lower": "a-z"
    case "xdigit": "0-9a-fA-F"
    case "space": " \t\n\r\u{B}\u{C}"
    case "blank": " \t"
    case "punct": "\\!-\\.\\:-\\@\\[-\\`\\{-\\~"
    default: nil
    }
  }
}
