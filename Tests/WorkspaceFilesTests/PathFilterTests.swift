import HotReloadTesting
import SystemPackage
import Testing

@testable import WorkspaceFiles

extension PathFilter {
  fileprivate func state(_ bytes: [UInt8]) -> State {
    bytes.withUnsafeBytes { advance(start, over: $0) }
  }

  fileprivate func state(_ path: String) -> State { state(Array(path.utf8)) }
}

@Suite("Path filters") struct PathFilterTests {
  @Test("An exclude wins over an include, and an excluded folder excludes all below it")
  func excludes() throws {
    let filter = try PathFilter(
      include: ["**/*.swift", "config/**"], exclude: ["**/.build", "config/tmp/**", "**/*~"])
    #expect(filter.matches("a.swift"))
    #expect(filter.matches("x/a.swift"))
    #expect(!filter.matches("a.swift~"))
    #expect(!filter.matches(".build/a.swift"))
    #expect(!filter.matches("x/.build/y/z/a.swift"))
    #expect(filter.matches("x/.builds/a.swift"))
    #expect(filter.matches("config/tmp"))
    #expect(!filter.matches("config/tmp/a"))
    #expect(filter.isExcluded(filter.state(".build")))
    #expect(filter.isExcluded(filter.state(".build/")))
    #expect(!filter.isExcluded(filter.state("config/tmp")))
    #expect(!filter.canMatchBelow(filter.state(".build/")))
    #expect(!filter.canMatchBelow(filter.state("config/tmp/")))
    #expect(filter.canMatchBelow(filter.start))
  }

  @Test("Folders that no include reaches are pruned")
  func pruning() throws {
    let filter = try PathFilter(
      include: ["config/*.toml", "src/**/gen/*.c", "README.md"], exclude: ["src/old/**", "a/*"])
    for (folder, expected) in [
      ("config/", true), ("config/x/", false), ("src/", true), ("src/x/y/", true),
      ("src/old/", false), ("docs/", false), ("README.md/", false),
    ] {
      #expect(filter.canMatchBelow(filter.state(folder)) == expected, "\(folder)")
    }
    let nothing = try PathFilter(include: [], exclude: ["**/*.tmp"])
    #expect(!nothing.canMatchBelow(nothing.start))
    #expect(nothing.isExcluded(nothing.state("a/b.tmp")))
    let shut = try PathFilter(include: ["a/**"], exclude: ["a/*"])
    #expect(!shut.canMatchBelow(shut.state("a/")))
  }

  @Test("Literal prefixes are the folders before the first wildcard, each once")
  func literals() throws {
    let filter = try PathFilter(
      include: [
        "config/**/*.toml", "config/app.toml", "assets/{css,js}/**", "*.md", "**/x", "a/b/c*/d",
        "config/{app,db}.toml", "Makefile", "we\\*rd/x?",
      ], exclude: ["zzz/**"])
    #expect(filter.literalPrefixes == ["config", "assets/css", "assets/js", "", "a/b", "we*rd"])
    #expect(filter.literalPaths == ["config/app.toml", "config/db.toml", "Makefile"])
  }

  @Test("The patterns of the benchmark need one small automaton")
  func size() throws {
    let filter = try PathFilter(include: Self.benchInclude, exclude: Self.benchExclude)
    #expect(filter.automata.count == 1)
    #expect(filter.automata[0].stateCount < 1_000)
  }

  static let benchInclude = [
    "**/*.swift", "**/*.json", "config/**", "Sources/**/Templates/*.html", "*.md",
    "**/[a-c]*.yml", "**/Makefile", "assets/{css,js}/**", "**/test_?.py", "**/*.{ts,tsx}",
  ]
  static let benchExclude = [
    "**/.git/**", "**/node_modules/**", "**/.build/**", "**/*.tmp", "**/*~", "**/.*.sw?",
    "**/4913", "**/DerivedData/**", "build/**", "**/#*#",
  ]

  @Test("Patterns too many for one automaton are divided, with the same answers")
  func divided() throws {
    let flags = (0..<14).map { "**/d\($0)/**/f\($0)_*x" }
    let filter = try PathFilter(include: flags, exclude: ["**/no", "**/d3/**/no3/**"])
    #expect(filter.automata.count > 1)
    #expect(filter.matches("d1/d2/f2_x"))
    #expect(filter.matches("d13/a/b/f13_ax"))
    #expect(!filter.matches("d1/f2_x"))
    #expect(!filter.matches("d1/no/f1_x"))
    #expect(!filter.matches("d1/d3/no3/f1_x"))
    #expect(filter.isExcluded(filter.state("d1/no/f1_x")))
    #expect(!filter.canMatchBelow(filter.state("d1/no/")))
    #expect(!filter.canMatchBelow(filter.state("d3/no3/")))
    #expect(filter.canMatchBelow(filter.state("d3/")))
    let many = (0..<80).map { "**/d\($0)/**/f\($0)_*x" }
    #expect(throws: GlobError.self) { try PathFilter(include: many, exclude: []) }
  }

  /// How many filters a seed gives at least and at most: more than the least are made while too few are divided
  /// or match too few paths, which is a question of luck.
  private static let filters = 250...5_000

  @Test(
    "Random filters agree with the reference matcher, folder by folder, whole and divided",
    arguments: [GlobAutomaton.maximumStates, 24])
  func agreesWithReference(_ states: Int) throws {
    for seed in PropertySeeds(1) {
      var random = SeededGenerator(seed: seed)
      var (made, included, divided) = (0, 0, 0)
      func isEnough() -> Bool {
        made >= Self.filters.lowerBound && included > 300 && (states != 24 || divided > 20)
      }
      while !isEnough() && made < Self.filters.upperBound {
        made += 1
        guard let filter = try Self.randomFilter(states: states, &random) else { continue }
        if filter.automata > 1 { divided += 1 }
        included += filter.included
      }
      #expect(isEnough(), "\(random): of \(made) filters \(divided) divided, \(included) matches")
      #expect(states == 24 || divided == 0, "\(random)")
    }
  }

  /// Makes a filter and compares it for 60 paths; nil if the patterns are refused.
  private static func randomFilter(
    states: Int, _ random: inout SeededGenerator
  ) throws -> (automata: Int, included: Int)? {
    let include = (0..<Int.random(in: 0...4, using: &random)).map { _ in pattern(&random) }
    let exclude = (0..<Int.random(in: 0...3, using: &random)).map { _ in pattern(&random) }
    let context = "include \(include), exclude \(exclude), \(random)"
    let filter: PathFilter
    do {
      filter = try PathFilter(include: include, exclude: exclude, statesPerAutomaton: states)
    } catch {
      // Braces may have made an empty pattern, or a component that is empty or dots.
      let known = ["states", "empty", "\"/\"", "\"..\"", "\".\""]
      #expect(known.contains { error.message.contains($0) }, "\(error), \(context)")
      return nil
    }
    let includes = include.map(ReferenceGlob.init)
    let excludes = exclude.map(ReferenceGlob.init)
    var included = 0
    for _ in 0..<60 {
      let names = (0..<Int.random(in: 1...4, using: &random)).map { _ in name(&random) }
      if check(names, filter, includes, excludes, context) { included += 1 }
    }
    return (filter.automata.count, included)
  }

  /// Walks down as a crawler does, and compares at each component.
  private static func check(
    _ names: [[UInt8]], _ filter: PathFilter, _ includes: [ReferenceGlob],
    _ excludes: [ReferenceGlob], _ context: String
  ) -> Bool {
    var state = filter.start
    var path: [UInt8] = []
    var isExcludedAbove = false
    var isPruned = !filter.canMatchBelow(state)
    var isIncluded = false
    for (index, name) in names.enumerated() {
      if index > 0 {
        path.append(UInt8(ascii: "/"))
        state = filter.advance(state, byte: UInt8(ascii: "/"))
        if filter.isIncluded(state) { Issue.record("a path cannot end in a slash: \(context)") }
        isPruned = isPruned || !filter.canMatchBelow(state)
      }
      path += name
      state = name.withUnsafeBytes { filter.advance(state, over: $0) }
      isExcludedAbove = isExcludedAbove || excludes.contains { $0.matches(path) }
      isIncluded = !isExcludedAbove && includes.contains { $0.matches(path) }
      let isRight =
        filter.isIncluded(state) == isIncluded && filter.isExcluded(state) == isExcludedAbove
        && !(isPruned && isIncluded) && state == filter.state(path)
      if !isRight {
        Issue.record(
          """
          \(path) \(context): included \(filter.isIncluded(state)), expected \(isIncluded); excluded \
          \(filter.isExcluded(state)), expected \(isExcludedAbove); pruned \(isPruned); \
          in one pass \(state == filter.state(path))
          """)
      }
    }
    return isIncluded
  }

  private static func pattern(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "a", "b", "c", "é", ".", "*", "*", "?", "[ab]", "[!a]", "[!é]", "[a-é]", "{a,b*}", "{a/b,c}",
      "{,a}", "\\*", "[]a]", "{a,{b,?}}",
    ]
    let count = Int.random(in: 1...3, using: &random)
    return (0..<count).map { _ in
      if Int.random(in: 0..<4, using: &random) == 0 { return "**" }
      return (0..<Int.random(in: 1...3, using: &random))
        .map { _ in pieces.randomElement(using: &random) ?? "a" }.joined()
    }.joined(separator: "/")
  }

  private static func name(_ random: inout SeededGenerator) -> [UInt8] {
    let pieces: [[UInt8]] = [
      [0x61], [0x61], [0x62], [0x63], Array("é".utf8), [0x2E], [0xC3], [0xA9], [0xE2, 0x82], [0xFF],
      Array("漢".utf8), [0x2A],
    ]
    return (0..<Int.random(in: 1...4, using: &random))
      .flatMap { _ in pieces.randomElement(using: &random) ?? [0x61] }
  }
}
