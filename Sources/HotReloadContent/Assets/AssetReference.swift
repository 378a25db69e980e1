/// A place in a stylesheet or script that names another file.
struct AssetReference: Sendable, Hashable {
  /// What was written, with escapes resolved: `../img/a.png?v=1#x`.
  var text: String
  /// Where it begins.
  var start: Int
  /// The bytes of the last component of its path as they are written, without `?` and `#`: what a rewrite replaces.
  var name: Range<Int>
  /// Whether only tools ask for it: a source map. Files of others often name one that does not come with them.
  var isForTools = false

  /// Takes the text of a URL apart as a browser does before it asks a server.
  /// - Parameter folder: the components of the URL path of the folder that holds the file which refers.
  /// - Returns: the path below the site's root, decoded, such as `static/img/a.png`; nil if it leads to another site, to
  ///   nowhere, or only to a place within the file.
  func target(from folder: ArraySlice<String>) -> String? {
    let path = text.prefix { $0 != "?" && $0 != "#" }
    guard !path.isEmpty, !path.hasPrefix("//"), !Self.hasScheme(path) else { return nil }
    var components = path.hasPrefix("/") ? [] : Array(folder)
    let written = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let last = written.last, !last.isEmpty, last != ".", last != ".." else { return nil }
    for component in written {
      switch component {
      case "", ".": continue
      // As in a browser, there is nothing above the site's root.
      case "..": _ = components.popLast()
      default:
        guard let decoded = PercentEncoding.decode(component) else { return nil }
        components.append(decoded)
      }
    }
    return components.joined(separator: "/")
  }

  private static func hasScheme(_ path: Substring) -> Bool {
    for (index, byte) in path.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        if index == 0 { return false }
      case UInt8(ascii: ":"): return index > 0
      default: return false
      }
    }
    return false
  }
}

/// Collects the characters of a URL and where its last component stands.
struct AssetReferenceText {
  private let first: Int
  private var bytes: [UInt8] = []
  private var start: Int
  private var end: Int?

  /// - Parameter offset: where the URL begins.
  init(at offset: Int) {
    first = offset
    start = offset
  }

  /// Adds a character, or bytes that make one, that is written at `range`.
  mutating func append(_ character: some Sequence<UInt8>, writtenAt range: Range<Int>) {
    let index = bytes.endIndex
    bytes += character
    guard end == nil, index < bytes.endIndex else { return }
    switch bytes[index] {
    case UInt8(ascii: "/"): start = range.upperBound
    case UInt8(ascii: "?"), UInt8(ascii: "#"): end = range.lowerBound
    default: break
    }
  }

  /// - Parameter offset: where the URL ends.
  /// - Returns: nil if it is not UTF-8.
  func finished(at offset: Int) -> AssetReference? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    return AssetReference(text: text, start: first, name: start..<max(start, end ?? offset))
  }
}
