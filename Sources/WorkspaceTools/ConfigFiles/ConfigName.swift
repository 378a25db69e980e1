import SystemPackage

/// The rules for the names of configs: `app`, `sub/app`.
enum ConfigName {
  /// The largest number of bytes in a name.
  static let maximumLength = 200

  /// Checks a name, which becomes part of file names.
  static func check(_ name: String) throws(ConfigError) {
    guard let problem = problem(with: name) else { return }
    let shown = String(name.prefix(maximumLength))
    throw ConfigError(
      code: .invalidName, config: shown,
      message: "\"\(shown)\" cannot be a config's name: \(problem.what)", advice: problem.advice)
  }

  /// Whether `name` can be a config's name.
  static func isValid(_ name: String) -> Bool { problem(with: name) == nil }

  private static func problem(with name: String) -> (what: String, advice: String)? {
    let general = "A name is like \"app\", or \"sub/app\" for config/sub/app.toml."
    if name.isEmpty { return ("it is empty", general) }
    if name.utf8.count > maximumLength {
      return ("it is over \(maximumLength) bytes long", general)
    }
    for part in name.split(separator: "/", omittingEmptySubsequences: false) {
      if part.isEmpty {
        return ("it begins or ends with \"/\", or has two in a row", general)
      }
      if part == "." || part == ".." { return ("it has \"\(part)\" in it", general) }
      if part.utf8.contains(UInt8(ascii: ".")) { return dotProblem(name) }
      if part.utf8.contains(UInt8(ascii: "@")) {
        return (
          "\"@\" is kept for variants of a config",
          "A variant goes with its config: config/app@blue.toml belongs to \"app\"."
        )
      }
      if part.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
        return ("it has a control character or a backslash in it", general)
      }
    }
    return nil
  }

  private static func dotProblem(_ name: String) -> (what: String, advice: String) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let fileExtension = parts.last.map(String.init) ?? ""
    let stem = parts.first.map(String.init) ?? ""
    if ConfigFormat(fileExtension: fileExtension) != nil, isValid(stem) {
      return ("it has a dot in it", "Names go without extension and environment: \"\(stem)\".")
    }
    let known = ConfigFiles.extensions.map(\.name).joined(separator: ", ")
    return (
      "it has a dot in it",
      "Names go without extension and environment. Extensions of config files are \(known)."
    )
  }
}

/// Where configs are and how their files are called.
enum ConfigFiles {
  /// The folder configs are in.
  static let directory = FilePath("config")

  /// Every extension of a config file, in the order they are looked for.
  static let extensions: [(name: String, format: ConfigFormat)] = [
    ("toml", .toml), ("yaml", .yaml), ("yml", .yaml), ("json", .json),
  ]

  /// The layers of a config in an environment, in the order they are merged.
  static func layers(in environment: String) -> [ConfigLayer] {
    // An environment called "local" has the local layer's files.
    environment == ConfigLayer.localSuffix
      ? [.base, .local] : [.base, .environment(environment), .local]
  }

  /// Every file that config `name` may come from, in the order they are merged.
  static func candidates(for name: String, in environment: String) -> [ConfigCandidate] {
    var candidates: [ConfigCandidate] = []
    if !name.utf8.contains(UInt8(ascii: "/")) {
      candidates += extensions.map {
        ConfigCandidate(
          path: FilePath(".\(name).\($0.name)"), layer: .base, format: $0.format, isFallback: true)
      }
    }
    return candidates + layers(in: environment).flatMap { self.candidates(for: name, as: $0) }
  }

  /// Every file that may be one layer of config `name`.
  static func candidates(for name: String, as layer: ConfigLayer) -> [ConfigCandidate] {
    extensions.map { ending in
      ConfigCandidate(
        path: path(of: name, layer: layer, fileExtension: ending.name), layer: layer,
        format: ending.format)
    }
  }

  /// The same as ``candidates(for:in:)``, with those of a layer that is to be written, whatever the environment.
  static func candidates(
    for name: String, in environment: String, writing layer: ConfigLayer
  ) -> [ConfigCandidate] {
    switch layer {
    case .base, .local: candidates(for: name, in: environment)
    case .environment(let other): candidates(for: name, in: other)
    case .variant:
      candidates(for: name, in: environment) + candidates(for: name, as: layer)
    }
  }

  /// The file of one layer, relative to the root.
  static func path(of name: String, layer: ConfigLayer, fileExtension: String) -> FilePath {
    let suffix = layer.suffix.map { layer.variantName == nil ? ".\($0)" : $0 } ?? ""
    return directory.pushing(FilePath("\(name)\(suffix).\(fileExtension)"))
  }

  /// The config that a path may belong to in *some* environment, and the ``ConfigLayer/suffix`` of its layer.
  static func parse(_ path: FilePath) -> (name: String, suffix: String?, isFallback: Bool)? {
    // Every changed file comes through here, and most are no configs: what costs something comes last.
    var text = path.string
    return text.withUTF8 { parse($0) }
  }

  private static func parse(
    _ path: UnsafeBufferPointer<UInt8>
  ) -> (name: String, suffix: String?, isFallback: Bool)? {
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let isFallback = slash == nil && path.first == UInt8(ascii: ".")
    let nameStart = isFallback ? 1 : folderPrefix.count
    guard isFallback || path.starts(with: folderPrefix) else { return nil }
    let fileStart = isFallback ? 1 : (slash ?? -1) + 1
    guard let lastDot = path[fileStart...].lastIndex(of: UInt8(ascii: ".")),
      let firstDot = path[fileStart...].firstIndex(of: UInt8(ascii: ".")),
      extensions.contains(where: { $0.name.utf8.elementsEqual(path[(lastDot + 1)...]) })
    else { return nil }
    var suffix: String?
    var nameEnd = firstDot
    if let mark = path[fileStart..<firstDot].firstIndex(of: UInt8(ascii: "@")) {
      // All that follows is the variant's name: what cannot be one is refused, and not another file's.
      guard !isFallback else { return nil }
      nameEnd = mark
      suffix = String(decoding: path[mark..<lastDot], as: UTF8.self)
    } else if firstDot != lastDot {
      let middle = path[(firstDot + 1)..<lastDot]
      guard !isFallback, !middle.contains(UInt8(ascii: ".")) else { return nil }
      suffix = String(decoding: middle, as: UTF8.self)
    }
    let name = String(decoding: path[nameStart..<nameEnd], as: UTF8.self)
    // A name that is not UTF-8 does not survive the way to a String and back.
    guard ConfigName.isValid(name), !hasReplacement(path) else { return nil }
    return (name, suffix, isFallback)
  }

  /// What the path of a config in the folder begins with.
  private static let folderPrefix = Array("\(directory.string)/".utf8)

  /// Whether U+FFFD is in it, which also stands for bytes that are not UTF-8.
  private static func hasReplacement(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
    path.indices.contains { index in
      path[index] == 0xEF && path[index...].starts(with: [0xEF, 0xBF, 0xBD] as [UInt8])
    }
  }
}
