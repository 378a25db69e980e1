import WorkspaceFiles

extension Measurement {
  /// What it takes to ask ten includes and ten excludes about a path.
  static let globs = Measurement(
    name: "globs", purpose: "20 globs against a path; floor: one dependent table look-up a byte"
  ) { report, scale in
    let filter = try PathFilter(include: includes, exclude: excludes)
    let samples = try await interleave(
      rounds: scale.count(25),
      [{ look(at: paths) }, { match(paths, with: filter) }])
    report.row(
      "20 globs against a path of \(paths.map(\.count).reduce(0, +) / paths.count) bytes",
      samples[1].median, floor: samples[0].median, target: .atMost(100))
  }

  private static let repetitions = 20_000

  private static let includes = [
    "**/*.swift", "**/*.json", "config/**", "Sources/**/Templates/*.html", "*.md", "**/[a-c]*.yml",
    "**/Makefile", "assets/{css,js}/**", "**/test_?.py", "**/*.{ts,tsx}",
  ]
  private static let excludes = [
    "**/.git/**", "**/node_modules/**", "**/.build/**", "**/*.tmp", "**/*~", "**/.*.sw?",
    "**/4913", "**/DerivedData/**", "build/**", "**/#*#",
  ]
  private static let paths: [[UInt8]] = [
    "Sources/FileWatching/Engine/WatchEngine+Events.swift", "config/environments/production.toml",
    "node_modules/left-pad/index.js", "README.md", "assets/css/theme/dark/buttons.css",
    "Sources/App/Views/Templates/index.html", ".git/objects/4f/1c9a", "web/src/components/App.tsx",
    "deploy/kubernetes/base/config-map.yml", "Sources/App/.main.swift.swp", "tests/test_3.py",
    "build/release/app", "services/billing/src/main/resources/strings.json", "docs/notes.txt",
  ].map { Array($0.utf8) }

  /// Nanoseconds a path.
  private static func match(_ paths: [[UInt8]], with filter: PathFilter) -> Double {
    var matches = 0
    let time = computingNanoseconds {
      for _ in 0..<repetitions {
        for path in paths {
          path.withUnsafeBytes { if filter.matches($0) { matches += 1 } }
        }
      }
    }
    keep(matches)
    return time / Double(repetitions * paths.count)
  }

  /// Nanoseconds a path for what no automaton can do without.
  private static func look(at paths: [[UInt8]]) -> Double {
    let table = (0..<256).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
    var state: UInt8 = 0
    let time = table.withUnsafeBufferPointer { table in
      computingNanoseconds {
        for _ in 0..<repetitions {
          for path in paths {
            path.withUnsafeBytes { bytes in
              for byte in bytes { state = table[Int(state ^ byte)] }
            }
          }
        }
      }
    }
    keep(Int(state))
    return time / Double(repetitions * paths.count)
  }
}
