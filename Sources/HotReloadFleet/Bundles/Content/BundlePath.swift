/// Which paths the files of a bundle may have.
///
/// A path comes from another machine and becomes a file on this one, so only what means the same everywhere is accepted:
/// relative, with `/` between components that are neither empty nor `.` or `..`, valid UTF-8 without control or invisible characters
/// and without backslashes. No two paths may differ only by how an accent is encoded, as some file systems take them for the same,
/// and no path may be that of a file and of a folder.
enum BundlePath {
  /// The most bytes of a path.
  static let maximumBytes = 1_024
  /// The most bytes of one component, as file systems have it.
  static let maximumComponentBytes = 255
  /// The most components.
  static let maximumComponents = 64

  /// The order of the paths' UTF-8 bytes.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// Checks each path, and all of them together.
  static func check(_ paths: some Sequence<String>) throws(BundleError) {
    var files: [String: String] = [:]
    for path in paths {
      if let problem = problem(with: path) { throw invalid(path, problem) }
      // Texts are equal if they look the same, however their accents are encoded.
      if let other = files.updateValue(path, forKey: path) {
        throw invalid(
          path,
          other.utf8.elementsEqual(path.utf8)
            ? "it is there twice" : "another path differs only by how an accent is encoded")
      }
    }
    var folders: [String: Substring] = [:]
    for path in files.values {
      for folder in Self.folders(of: path) {
        let name = String(folder)
        if files[name] != nil { throw invalid(path, "\(name) is a file in the same bundle") }
        if let other = folders.updateValue(folder, forKey: name),
          !other.utf8.elementsEqual(folder.utf8)
        {
          throw invalid(path, "another folder differs only by how an accent is encoded")
        }
      }
    }
  }

  /// The folders that a path lies in: `a/b/c` lies in `a` and `a/b`.
  static func folders(of path: String) -> some Sequence<Substring> {
    path.utf8.indices.lazy.filter { path.utf8[$0] == UInt8(ascii: "/") }.map { path[..<$0] }
  }

  /// What is wrong with a path; nil if nothing is.
  static func problem(with path: String) -> String? {
    if path.isEmpty { return "it is empty" }
    if path.utf8.count > maximumBytes { return "it has more than \(maximumBytes) bytes" }
    if path.utf8.first == UInt8(ascii: "/") { return "it is absolute" }
    for scalar in path.unicodeScalars {
      if scalar == "\\" { return "it has a backslash in it" }
      if scalar == "\u{FFFD}" { return "it is not valid UTF-8" }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        return "it has a control character or an invisible one in it"
      default: break
      }
    }
    let components = path.utf8.split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if components.count > maximumComponents {
      return "it has more than \(maximumComponents) components"
    }
    for component in components {
      if component.isEmpty { return "it ends with \"/\" or has two in a row" }
      if component.elementsEqual(".".utf8) || component.elementsEqual("..".utf8) {
        return "it has \"\(Substring(component))\" in it"
      }
      if component.count > maximumComponentBytes {
        return "it has a component of more than \(maximumComponentBytes) bytes"
      }
    }
    return nil
  }

  private static func invalid(_ path: String, _ problem: String) -> BundleError {
    let isLong = path.utf8.count > maximumBytes
    let shown = (isLong ? String(path.prefix(80)) + "…" : path).debugDescription
    return BundleError(
      .invalidPath,
      "\(shown) cannot be the path of a file in a bundle: \(problem); rename it, or leave it out")
  }
}
