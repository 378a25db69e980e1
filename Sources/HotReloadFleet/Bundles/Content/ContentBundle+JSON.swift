import Foundation
import WorkspaceTools

/// A bundle as one file, to be sent by HTTP or kept: JSON of version 1, which Documentation/FLEET-BUNDLES.md describes.
extension ContentBundle {
  /// The version of the format.
  public static let formatVersion = 1
  /// The media type that an encoded bundle is served as.
  public static let mediaType = "application/vnd.hotreload.bundle+json"
  /// The most bytes of an encoded bundle: those of all files in base64, with their paths, and room for spaces.
  public static let maximumEncodedBytes = maximumBytes / 3 * 4 + 2 * maximumListingBytes + (1 << 20)

  private static let versionKey = "hotreload-bundle"

  /// The bundle as JSON, on a few lines; equal bundles have equal bytes.
  public func encoded() -> [UInt8] {
    var bytes = Array(
      "{\"\(Self.versionKey)\":\(Self.formatVersion),\"digest\":\"\(digest)\",\"files\":[".utf8)
    bytes.reserveCapacity(byteCount / 3 * 4 + 2 * listing.bytes.count + 1_024)
    for (index, file) in files.enumerated() {
      bytes += (index == 0 ? "\n" : ",\n").utf8
      // A path has no control characters and no backslashes in it, so only a quotation mark needs an escape.
      bytes += "{\"path\":\"".utf8
      for byte in file.path.utf8 {
        if byte == UInt8(ascii: "\"") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes += "\",\"bytes\":\"".utf8
      bytes += Data(file.bytes).base64EncodedData()
      bytes += "\"}".utf8
    }
    bytes += "\n]}\n".utf8
    return bytes
  }

  /// Reads what ``encoded()`` made, here or elsewhere. Members that are not known are passed over.
  ///
  /// - Throws: ``BundleError`` with the code `malformed`, `unsupportedVersion`, `digestMismatch`, `invalidPath` or `tooLarge`.
  public init(decoding bytes: [UInt8]) throws(BundleError) {
    guard bytes.count <= Self.maximumEncodedBytes else {
      throw .tooLarge("\(bytes.count) bytes encoded", limit: "\(Self.maximumEncodedBytes) bytes")
    }
    let tree: ConfigTree
    do {
      tree = try ConfigFormat.json.parse(bytes, file: "bundle")
    } catch {
      throw .malformed("it is not JSON: \(error)")
    }
    guard case .integer(let version)? = tree[Self.versionKey]?.value else {
      throw .malformed("it has no number \"\(Self.versionKey)\" in it, so it is something else")
    }
    guard version == Int64(Self.formatVersion) else {
      throw BundleError(
        .unsupportedVersion,
        "the bundle is of version \(version), and this library reads version \(Self.formatVersion): "
          + "update this program, or make the bundle with the one that is in use")
    }
    guard case .string(let digest)? = tree["digest"]?.value,
      case .array(let elements)? = tree["files"]?.value
    else { throw .malformed("\"digest\" or \"files\" is missing") }
    var files: [File] = []
    files.reserveCapacity(min(elements.count, Self.maximumFiles))
    for (index, element) in elements.enumerated() {
      guard case .string(let path)? = element["path"]?.value,
        case .string(let text)? = element["bytes"]?.value, let data = Data(base64Encoded: text)
      else {
        throw .malformed("files[\(index)] needs a \"path\", and \"bytes\" in base64")
      }
      files.append(File(path: path, bytes: Array(data)))
    }
    try self.init(files: files)
    guard self.digest.rawValue == digest else {
      throw BundleError(
        .digestMismatch,
        "the bundle says that its digest is \(digest.prefix(64)), and its files have \(self.digest): it was damaged or "
          + "changed on its way; fetch or make it anew")
    }
  }
}
