/// A second, slow reading of what a glob means: expands braces as text, then backtracks over
/// scalars. It shares no code with the library.
struct ReferenceGlob {
  /// A scalar of a name, or a byte that is not part of valid UTF-8.
  enum Unit: Equatable {
    case scalar(Unicode.Scalar)
    case stray(UInt8)
  }

  let alternatives: [[[Unicode.Scalar]]]

  init(_ pattern: String) {
    alternatives = Self.expand(Array(pattern.unicodeScalars)).map { text in
      text.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
    }
  }

  func matches(_ path: [UInt8]) -> Bool {
    let components = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { Self.units(Array($0)) }
    if components.contains(where: \.isEmpty) { return false }
    return alternatives.contains { Self.match($0[...], components[...]) }
  }

  private static func match(
    _ pattern: ArraySlice<[Unicode.Scalar]>, _ path: ArraySlice<[Unit]>
  ) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    let rest = pattern.dropFirst()
    if first == ["*", "*"] {
      // At the end it needs one component at least.
      if rest.isEmpty { return !path.isEmpty }
      return (0...path.count).contains { match(rest, path.dropFirst($0)) }
    }
    guard let name = path.first else { return false }
    return matchName(first[...], name[...]) && match(rest, path.dropFirst())
  }

  private static func matchName(
    _ pattern: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unit>
  ) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    var rest = pattern.dropFirst()
    switch first {
    case "*":
      return (0...name.count).contains { matchName(rest, name.dropFirst($0)) }
    case "?":
      return !name.isEmpty && matchName(rest, name.dropFirst())
    case "\\":
      guard let escaped = rest.popFirst() else { return false }
      return name.first == .scalar(escaped) && matchName(rest, name.dropFirst())
    case "[":
      guard let unit = name.first else { return false }
      let isNegated = rest.first == "!" || rest.first == "^"
      if isNegated { rest.removeFirst() }
      var isMember = false
      var isFirst = true
      while let low = rest.popFirst(), low != "]" || isFirst {
        isFirst = false
        let start = low == "\\" ? rest.popFirst() ?? low : low
        var end = start
        if rest.first == "-", rest.dropFirst().first != "]" {
          rest.removeFirst()
          end = rest.popFirst() ?? start
          if end == "\\" { end = rest.popFirst() ?? end }
        }
        if case .scalar(let scalar) = unit, start <= scalar, scalar <= end { isMember = true }
      }
      return isMember != isNegated && matchName(rest, name.dropFirst())
    default:
      return name.first == .scalar(first) && matchName(rest, name.dropFirst())
    }
  }

  static func units(_ bytes: [UInt8]) -> [Unit] {
    var units: [Unit] = []
    var index = 0
    next: while index < bytes.count {
      for length in 1...4 where index + length <= bytes.count {
        let slice = Array(bytes[index..<index + length])
        if let text = String(validating: slice, as: UTF8.self), text.unicodeScalars.count == 1,
          let scalar = text.unicodeScalars.first
        {
          units.append(.scalar(scalar))
          index += length
          continue next
        }
      }
      units.append(.stray(bytes[index]))
      index += 1
    }
    return units
  }

  /// Expands the first brace, then the rest.
  private static func expand(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
    var index = 0
    while index < text.count {
      if text[index] == "\\" {
        index += 2
        continue
      }
      if text[index] == "[" {
        index += text[index + 1] == "!" || text[index + 1] == "^" ? 3 : 2
        while text[index] != "]" { index += text[index] == "\\" ? 2 : 1 }
      }
      if text[index] == "{" { break }
      index += 1
    }
    guard index < text.count else { return [text] }
    var (depth, start, end) = (0, index + 1, index)
    var choices: [[Unicode.Scalar]] = []
    while true {
      let scalar = text[end]
      if scalar == "{" { depth += 1 }
      if scalar == "," && depth == 1 || scalar == "}" && depth == 1 {
        choices.append(Array(text[start..<end]))
        start = end + 1
      }
      if scalar == "}" {
        depth -= 1
        if depth == 0 { break }
      }
      end += scalar == "\\" ? 2 : 1
    }
    return choices.flatMap { expand(Array(text[..<index]) + $0 + Array(text[(end + 1)...])) }
  }
}
