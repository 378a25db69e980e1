/// One element of a glob after its braces were expanded.
enum GlobToken: Hashable {
  case literal(Unicode.Scalar)
  case anyScalar
  case star
  case scalars(ScalarSet)
  case slash

  /// Whether the token stands for itself only.
  var isLiteral: Bool {
    if case .literal = self { true } else { false }
  }

  /// Whether the token accepts a byte that is not part of valid UTF-8.
  var acceptsStrayBytes: Bool {
    switch self {
    case .anyScalar: true
    case .scalars(let set): set.acceptsStrayBytes
    case .literal, .star, .slash: false
    }
  }
}

/// A token and the column it was written at.
struct GlobPiece {
  var token: GlobToken
  var column: Int
}

/// What stands between two slashes of a glob.
enum GlobComponent: Hashable {
  /// `**`: any number of components.
  case anyDepth
  /// A pattern for one component; never empty.
  case name([GlobToken])

  /// The component's text, if it has no wildcard.
  var literal: String? {
    guard case .name(let tokens) = self else { return nil }
    var text = String.UnicodeScalarView()
    for token in tokens {
      guard case .literal(let scalar) = token else { return nil }
      text.append(scalar)
    }
    return String(text)
  }
}

/// A glob after parsing: the brace-free patterns it stands for, each split into components.
struct GlobSyntax {
  var pattern: String
  var alternatives: [[GlobComponent]]

  /// The most scalars that one pattern may have.
  static let maximumLength = 4_096
  /// How deeply braces may nest.
  static let maximumBraceDepth = 16
  /// The most brace-free patterns that one pattern may stand for.
  static let maximumAlternatives = 1_024
  /// The most tokens that all alternatives of one pattern may have together.
  static let maximumTokens = 65_536

  init(_ pattern: String) throws(GlobError) {
    self.pattern = pattern
    var parser = GlobParser(pattern)
    let parts = try parser.parse()
    var expansion = GlobExpansion(pattern: pattern)
    alternatives = []
    var seen: Set<[GlobComponent]> = []
    for pieces in try expansion.expand(parts) {
      let components = try GlobSyntax.components(of: pieces, in: pattern)
      if seen.insert(components).inserted { alternatives.append(components) }
    }
  }

  /// Splits at slashes and refuses components that no path below a root can have.
  private static func components(
    of pieces: [GlobPiece], in pattern: String
  ) throws(GlobError) -> [GlobComponent] {
    func fail(_ column: Int, _ message: String) -> GlobError {
      GlobError(pattern: pattern, column: column, message: message)
    }
    guard let first = pieces.first, let last = pieces.last else {
      throw fail(
        1, "an empty pattern matches nothing: leave it out, or write \"**\" for everything")
    }
    if first.token == .slash {
      throw fail(
        first.column, "paths are relative to the root: leave out the \"/\" at the beginning")
    }
    if last.token == .slash {
      throw fail(
        last.column,
        "nothing follows the last \"/\": add \"**\" for everything below, or leave it out")
    }
    var components: [GlobComponent] = []
    for part in pieces.split(
      omittingEmptySubsequences: false, whereSeparator: { $0.token == .slash })
    {
      guard let start = part.first else {
        throw fail(
          pieces[part.startIndex].column, "two \"/\" in a row match nothing: leave one out")
      }
      let component = GlobComponent(part.map(\.token))
      switch component.literal {
      case "..":
        throw fail(start.column, "\"..\" would leave the root: write the path from the root")
      case ".":
        throw fail(start.column, "\".\" is never part of a path here: leave it and its \"/\" out")
      default: break
      }
      // `**/**` says no more than `**`.
      if component == .anyDepth, components.last == .anyDepth { continue }
      components.append(component)
    }
    return components
  }
}

extension GlobComponent {
  fileprivate init(_ tokens: [GlobToken]) {
    if tokens == [.star, .star] {
      self = .anyDepth
      return
    }
    var name: [GlobToken] = []
    for token in tokens where !(token == .star && name.last == .star) { name.append(token) }
    self = .name(name)
  }
}
