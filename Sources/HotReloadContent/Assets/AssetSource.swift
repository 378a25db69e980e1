import HotReload
import WorkspaceTools

/// A file of the assets and what it refers to.
struct AssetSource: Sendable {
  /// A reference that leads to a file below one of the folders of assets.
  struct Link: Sendable {
    var reference: AssetReference
    /// The path that it leads to, be there a file or not.
    var target: String
  }

  let path: String
  let file: FileSet.File
  let links: [Link]
  /// The digest of a stylesheet or script depends on those of what it refers to.
  var targets: Set<String> { Set(links.map(\.target)) }

  /// The folders whose files are served below a path of the same name, the first before the second.
  static let folders = ["static", "assets"]

  /// Reads what a file refers to.
  init(_ file: FileSet.File, at path: String) {
    self.path = path
    self.file = file
    guard let bytes = file.bytes else {
      links = []
      return
    }
    let references: [AssetReference] =
      switch AssetKind(path: path) {
      case .style: CSSReferences.find(in: bytes)
      case .script: SourceMapComment.find(inScript: bytes).map { [$0] } ?? []
      case .image, .other: []
      }
    let folder = path.split(separator: "/").dropLast().map(String.init)
    links = references.compactMap { reference in
      guard let target = reference.target(from: folder[...]), Self.isBelowFolders(target) else {
        return nil
      }
      return Link(reference: reference, target: target)
    }
  }

  /// The bytes with the last component of each reference replaced by another one.
  /// - Parameter name: the new component for a target; nil leaves it as it is.
  /// - Returns: nil if nothing is replaced.
  func rewritten(_ name: (String) -> String?) -> [UInt8]? {
    guard let bytes = file.bytes else { return nil }
    var result: [UInt8] = []
    var position = 0
    for link in links {
      guard let name = name(link.target) else { continue }
      result += bytes[position..<link.reference.name.lowerBound]
      result += name.utf8
      position = link.reference.name.upperBound
    }
    guard position > 0 else { return nil }
    return result + bytes[position...]
  }

  /// What is wrong with the references, given what there is.
  func problems(_ exists: (String) -> Bool) -> [ConfigDiagnostic] {
    if file.bytes == nil, AssetKind(path: path) == .style {
      return [
        ConfigDiagnostic(
          location: SourceLocation(source: path),
          message: "the stylesheet is too large to look for what it refers to; divide it")
      ]
    }
    let broken = links.filter { !$0.reference.isForTools && !exists($0.target) }
    guard !broken.isEmpty, let bytes = file.bytes else { return [] }
    var places = TextPlaces(bytes)
    return broken.map { link in
      let place = places.place(at: link.reference.start)
      return ConfigDiagnostic(
        location: SourceLocation(file: path, line: place.line, column: place.column),
        message: "\"\(link.reference.text)\" leads to \(link.target), which is not there")
    }
  }

  private static func isBelowFolders(_ path: String) -> Bool {
    folders.contains { path.hasPrefix($0) && path.dropFirst($0.count).hasPrefix("/") }
  }
}

/// Lines and columns of rising offsets in a text, found in one pass.
private struct TextPlaces {
  private let bytes: [UInt8]
  private var offset = 0
  private var line = 1
  private var column = 1

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The place of a byte; the column is in Unicode scalars. Lines end in LF, CR, or both.
  mutating func place(at target: Int) -> (line: Int, column: Int) {
    while offset < min(target, bytes.count) {
      let byte = bytes[offset]
      let isFirstOfTwo = byte == 0x0D && offset + 1 < bytes.count && bytes[offset + 1] == 0x0A
      if (byte == 0x0A || byte == 0x0D) && !isFirstOfTwo {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
      offset += 1
    }
    return (line, column)
  }
}
