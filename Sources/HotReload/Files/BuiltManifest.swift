import SystemPackage

/// Tells the manifest that a build of the assets wrote beside them from the site's own files: it is no asset, so that our own
/// output never changes what it was made from.
///
/// It goes by the content: a site may have a `manifest.json` of its own.
package enum BuiltManifest {
  /// The first member of such a manifest.
  package static let marker = "hotreload-assets"

  /// Whether a file is one.
  package static func isOne(_ path: FilePath, _ bytes: [UInt8]) -> Bool {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    var rest = bytes[...].drop(while: isSpace)
    guard rest.popFirst() == UInt8(ascii: "{"),
      rest.drop(while: isSpace).starts(with: "\"\(marker)\"".utf8)
    else { return false }
    // Last: of all files it is asked, and the way to a path's ending is long.
    return path.extension == "json"
  }
}
