public import SystemPackage

/// A compiled set of include and exclude globs; matches a path in one pass over its bytes.
///
/// Paths are relative to a root, without a "/" at either end. A path is included if an include
/// matches it, no exclude does, and no folder above it is excluded.
///
/// | pattern | matches |
/// |---|---|
/// | `*` | any bytes within one component, leading dots too; alone it needs one byte at least |
/// | `?` | one Unicode scalar but "/"; one byte where the name is not valid UTF-8 |
/// | `[a-z]` | one scalar of these; `]` first and `-` first or last are themselves |
/// | `[!a-z]`, `[^a-z]` | one scalar that is none of these; one byte that is not valid UTF-8 |
/// | `{a,b}` | either; braces nest and may hold "/" |
/// | `**` | as a whole component: any number of components; elsewhere the same as `*` |
/// | `\x` | `x` itself |
///
/// `a/**/b` matches `a/b` too; `a/**` matches all below `a`, but not `a`.
///
/// All patterns become one deterministic automaton, so the time for a path does not depend on their
/// number. A value is immutable and safe to use from any thread.
public struct PathFilter: Sendable {
  /// Where the automaton is after some bytes of a path: eight bytes, meaningful only to the filter
  /// that made it.
  public struct State: Sendable, Hashable {
    /// One automaton: the offset of its row. Several: sixteen bits each, the row's number.
    var raw: UInt64
  }

  /// How many automata the patterns may be divided among, where one would be too big.
  static let maximumAutomata = 4

  /// The include patterns as given.
  public let include: [String]
  /// The exclude patterns as given.
  public let exclude: [String]
  /// For each include the folders before its first wildcard, without repetition; the empty path is
  /// the root. `assets/{css,js}/**` has two, `config/app.toml` has `config`.
  public let literalPrefixes: [FilePath]
  /// The paths that includes without wildcards name, without repetition.
  public let literalPaths: [FilePath]
  /// The state before the first byte of a path.
  public let start: State

  let automata: ContiguousArray<GlobAutomaton>
  private let first: GlobAutomaton
  private let isSingle: Bool

  /// Compiles the patterns.
  ///
  /// - Throws: ``GlobError`` for the first pattern that cannot be read, and if all together need
  ///   more than 4 automata of 8,192 states, which takes many patterns such as `**/a/**/*b*` at
  ///   once.
  public init(include: [String], exclude: [String]) throws(GlobError) {
    try self.init(
      include: include, exclude: exclude, statesPerAutomaton: GlobAutomaton.maximumStates)
  }

  /// The bound is a parameter so that tests can make filters divide early.
  init(include: [String], exclude: [String], statesPerAutomaton: Int) throws(GlobError) {
    var includes: [GlobSyntax] = []
    for pattern in include { includes.append(try GlobSyntax(pattern)) }
    var excludes: [GlobSyntax] = []
    for pattern in exclude { excludes.append(try GlobSyntax(pattern)) }
    var entries: [GlobAutomatonSet.Entry] = []
    for syntax in includes {
      for alternative in syntax.alternatives {
        entries.append(.init(components: alternative, side: .include, pattern: syntax.pattern))
      }
    }
    for syntax in excludes {
      for alternative in syntax.alternatives {
        entries.append(.init(components: alternative, side: .exclude, pattern: syntax.pattern))
      }
    }
    automata = try GlobAutomatonSet.compile(
      entries, limit: Self.maximumAutomata, states: statesPerAutomaton)
    first = automata[0]
    isSingle = automata.count == 1
    start = State(raw: isSingle ? UInt64(automata[0].start) : 0)
    self.include = include
    self.exclude = exclude
    (literalPrefixes, literalPaths) = Self.literals(of: includes)
  }

  /// The state after `bytes` more of a path: some nanoseconds a byte.
  public func advance(_ state: State, over bytes: UnsafeRawBufferPointer) -> State {
    if isSingle {
      let row = UInt32(truncatingIfNeeded: state.raw)
      return State(raw: UInt64(first.advance(row, over: bytes)))
    }
    return advanceAll(state, over: bytes)
  }

  /// The state after one byte more, such as the "/" after a folder's name.
  public func advance(_ state: State, byte: UInt8) -> State {
    withUnsafeBytes(of: byte) { advance(state, over: $0) }
  }

  /// Whether the bytes so far are a path that an include matches, no exclude does, and that lies in
  /// no excluded folder.
  public func isIncluded(_ state: State) -> Bool {
    if isSingle {
      return first.flags(UInt32(truncatingIfNeeded: state.raw)).contains(.included)
    }
    let flags = allFlags(state)
    return flags.any.contains(.included) && !flags.any.contains(.excluded)
  }

  /// Whether an exclude matches the bytes so far or a folder above them.
  public func isExcluded(_ state: State) -> Bool {
    if isSingle {
      return first.flags(UInt32(truncatingIfNeeded: state.raw)).contains(.excluded)
    }
    return allFlags(state).any.contains(.excluded)
  }

  /// Whether some path below a folder could be included.
  ///
  /// False is certain: nothing below needs to be looked at. True is exact, except where the
  /// patterns were divided among several automata.
  ///
  /// - Parameter state: the state after the "/" that follows the folder's name, or ``start``.
  public func canMatchBelow(_ state: State) -> Bool {
    if isSingle {
      return first.flags(UInt32(truncatingIfNeeded: state.raw)).contains(.canInclude)
    }
    let flags = allFlags(state)
    return flags.any.contains(.canInclude) && flags.all.contains(.canKeep)
  }

  /// Whether the path, relative to the root, is included: one pass over its bytes.
  public func matches(_ path: FilePath) -> Bool {
    path.withPlatformString { characters in
      matches(UnsafeRawBufferPointer(start: characters, count: path.length))
    }
  }

  /// Whether the path with these bytes, relative to the root, is included.
  public func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    isIncluded(advance(start, over: bytes))
  }
}

// Several automata, side by side: only where one would have been too big.
extension PathFilter {
  private func advanceAll(_ state: State, over bytes: UnsafeRawBufferPointer) -> State {
    var raw: UInt64 = 0
    for (index, automaton) in automata.enumerated() {
      let shift = UInt64(16 * index)
      let number = UInt32(truncatingIfNeeded: state.raw >> shift & 0xFFFF)
      let stride = UInt32(truncatingIfNeeded: automaton.stride)
      let row = automaton.advance(number &* stride, over: bytes)
      raw |= UInt64(row / stride) << shift
    }
    return State(raw: raw)
  }

  private func allFlags(
    _ state: State
  ) -> (any: GlobAutomaton.Flags, all: GlobAutomaton.Flags) {
    var (any, all) = (GlobAutomaton.Flags(), GlobAutomaton.Flags(rawValue: .max))
    for (index, automaton) in automata.enumerated() {
      let number = UInt32(truncatingIfNeeded: state.raw >> UInt64(16 * index) & 0xFFFF)
      let flags = automaton.flags(number &* UInt32(truncatingIfNeeded: automaton.stride))
      any.formUnion(flags)
      all.formIntersection(flags)
    }
    return (any, all)
  }

  private static func literals(of includes: [GlobSyntax]) -> (
    prefixes: [FilePath], paths: [FilePath]
  ) {
    var prefixes: [FilePath] = []
    var paths: [FilePath] = []
    var seenPrefixes: Set<FilePath> = []
    var seenPaths: Set<FilePath> = []
    for alternative in includes.flatMap(\.alternatives) {
      var names: [String] = []
      for component in alternative {
        guard let name = component.literal else { break }
        names.append(name)
      }
      if names.count == alternative.count {
        let path = FilePath(names.joined(separator: "/"))
        if seenPaths.insert(path).inserted { paths.append(path) }
        names.removeLast()
      }
      let prefix = FilePath(names.joined(separator: "/"))
      if seenPrefixes.insert(prefix).inserted { prefixes.append(prefix) }
    }
    return (prefixes, paths)
  }
}
