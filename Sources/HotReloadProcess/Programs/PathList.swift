/// Paths in a variable, one a line.
enum PathList {
  /// How long the text may be, in bytes; paths for which there is no room are left out. The kernel takes no variable above 128 KiB.
  static let maximumLength = 96 * 1_024

  static func text(_ paths: [String]) -> String {
    var text = ""
    for path in paths {
      guard text.utf8.count + path.utf8.count < maximumLength else { break }
      if !text.isEmpty { text += "\n" }
      text += path
    }
    return text
  }
}
