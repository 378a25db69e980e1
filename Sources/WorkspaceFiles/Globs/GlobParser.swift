/// A piece of a glob before its braces are expanded.
enum GlobPart {
  case piece(GlobPiece)
  case choice([[GlobPart]], column: Int)
}

/// Reads a glob from left to right.
struct GlobParser {
  private let pattern: String
  /// Each scalar with the column of the character it belongs to.
  private let scalars: [(scalar: Unicode.Scalar, column: Int)]
  private var position = 0

  init(_ pattern: String) {
    self.pattern = pattern
    var scalars: [(scalar: Unicode.Scalar, column: Int)] = []
    var column = 0
    for character in pattern {
      column += 1
      for scalar in character.unicodeScalars { scalars.append((scalar, column)) }
      if scalars.count > GlobSyntax.maximumLength { break }
    }
    self.scalars = scalars
  }

  mutating func parse() throws(GlobError) -> [GlobPart] {
    if scalars.count > GlobSyntax.maximumLength {
      throw fail(
        GlobSyntax.maximumLength,
        "a pattern may have \(GlobSyntax.maximumLength) characters at most: split it")
    }
    let parts = try sequence(depth: 0)
    if position < scalars.count {
      throw fail(
        scalars[position].column, "\"}\" closes no \"{\": write \"\\}\" for the character itself")
    }
    return parts
  }

  private func fail(_ column: Int, _ message: String) -> GlobError {
    GlobError(pattern: pattern, column: column, message: message)
  }

  /// Reads up to the end or, inside braces, up to the "," or "}" that ends this alternative.
  private mutating func sequence(depth: Int) throws(GlobError) -> [GlobPart] {
    var parts: [GlobPart] = []
    while position < scalars.count {
      let (scalar, column) = scalars[position]
      func add(_ token: GlobToken) { parts.append(.piece(GlobPiece(token: token, column: column))) }
      switch scalar {
      case "}": return parts
      case "," where depth > 0: return parts
      case "*": add(.star)
      case "?": add(.anyScalar)
      case "/": add(.slash)
      case "[":
        add(try scalarClass())
        continue
      case "{":
        parts.append(try choice(depth: depth + 1))
        continue
      case "\\":
        position += 1
        guard position < scalars.count else {
          throw fail(column, "nothing follows the \"\\\": write \"\\\\\" for the character itself")
        }
        let escaped = scalars[position].scalar
        try refuseNUL(escaped, column)
        add(escaped == "/" ? .slash : .literal(escaped))
      default:
        try refuseNUL(scalar, column)
        add(.literal(scalar))
      }
      position += 1
    }
    return parts
  }

  private func refuseNUL(_ scalar: Unicode.Scalar, _ column: Int) throws(GlobError) {
    if scalar == "\0" { throw fail(column, "no file name has a NUL in it: leave it out") }
  }

  private mutating func choice(depth: Int) throws(GlobError) -> GlobPart {
    let column = scalars[position].column
    if depth > GlobSyntax.maximumBraceDepth {
      throw fail(
        column, "braces may nest \(GlobSyntax.maximumBraceDepth) deep at most: write it flatter")
    }
    position += 1
    var alternatives: [[GlobPart]] = []
    while true {
      alternatives.append(try sequence(depth: depth))
      guard position < scalars.count else {
        throw fail(
          column, "\"{\" is never closed: add \"}\", or write \"\\{\" for the character itself")
      }
      let end = scalars[position].scalar
      position += 1
      if end == "}" { return .choice(alternatives, column: column) }
    }
  }

  /// Reads `[…]`; the position is at the "[".
  private mutating func scalarClass() throws(GlobError) -> GlobToken {
    let column = scalars[position].column
    position += 1
    var isNegated = false
    if position < scalars.count, "!^".unicodeScalars.contains(scalars[position].scalar) {
      isNegated = true
      position += 1
    }
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    while position < scalars.count {
      if scalars[position].scalar == "]", !isFirst {
        position += 1
        return .scalars(ScalarSet(ranges, isNegated: isNegated))
      }
      isFirst = false
      if scalars[position].scalar == "[", position + 1 < scalars.count,
        ":.=".unicodeScalars.contains(scalars[position + 1].scalar)
      {
        throw fail(
          scalars[position].column,
          "named classes such as [:alpha:] are not known: write ranges, or \"\\[\" for a bracket")
      }
      let low = try classMember(openedAt: column)
      var high = low
      if position + 1 < scalars.count, scalars[position].scalar == "-",
        scalars[position + 1].scalar != "]"
      {
        position += 1
        high = try classMember(openedAt: column)
      }
      guard low.scalar.value <= high.scalar.value else {
        throw fail(
          low.column,
          "the range \(low.scalar)-\(high.scalar) is reversed: write "
            + "\(high.scalar)-\(low.scalar)")
      }
      ranges.append(low.scalar.value...high.scalar.value)
    }
    throw fail(
      column, "\"[\" is never closed: add \"]\", or write \"\\[\" for the character itself")
  }

  private mutating func classMember(
    openedAt opening: Int
  ) throws(GlobError) -> (scalar: Unicode.Scalar, column: Int) {
    var member = scalars[position]
    if member.scalar == "\\" {
      position += 1
      guard position < scalars.count else {
        throw fail(
          opening, "\"[\" is never closed: add \"]\", or write \"\\[\" for the character itself")
      }
      member.scalar = scalars[position].scalar
    }
    position += 1
    try refuseNUL(member.scalar, member.column)
    if member.scalar == "/" {
      throw fail(member.column, "\"/\" cannot be part of a name: leave it out of the brackets")
    }
    return member
  }
}

/// Turns braces into the patterns that they stand for, within bounds.
struct GlobExpansion {
  let pattern: String

  mutating func expand(_ parts: [GlobPart]) throws(GlobError) -> [[GlobPiece]] {
    var results: [[GlobPiece]] = [[]]
    for part in parts {
      switch part {
      case .piece(let piece):
        for index in results.indices { results[index].append(piece) }
      case .choice(let alternatives, let column):
        var expanded: [[GlobPiece]] = []
        for alternative in alternatives {
          expanded += try expand(alternative)
          try check(expanded.count, tokens: expanded.reduce(0) { $0 + $1.count }, column)
        }
        try check(expanded.count * results.count, tokens: 0, column)
        var combined: [[GlobPiece]] = []
        combined.reserveCapacity(expanded.count * results.count)
        for prefix in results {
          for suffix in expanded { combined.append(prefix + suffix) }
        }
        results = combined
        try check(results.count, tokens: results.reduce(0) { $0 + $1.count }, column)
      }
    }
    return results
  }

  private func check(_ count: Int, tokens: Int, _ column: Int) throws(GlobError) {
    if count > GlobSyntax.maximumAlternatives || tokens > GlobSyntax.maximumTokens {
      throw GlobError(
        pattern: pattern, column: column,
        message: "the braces stand for more than \(GlobSyntax.maximumAlternatives) patterns or "
          + "\(GlobSyntax.maximumTokens) characters: split the pattern")
    }
  }
}
