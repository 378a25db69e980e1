import HotReloadContent

/// The path of a request, decoded exactly once, normalised, and then found fit to be served.
///
/// A development server stands in front of a workspace that has secrets in it, so a path is refused unless there is nothing to
/// doubt about it:
///
/// - The target is in origin form (`/a/b?c`), has no fragment and no byte that a URL cannot have.
/// - Percent-encoding is valid, and what it stands for is UTF-8 without control characters, `/` and `\`. Nothing is
///   decoded a second time: `%252e` is the name `%2e`.
/// - No component is `..`, be it encoded. Empty components and `.` are left out. Dots inside names are fine.
/// - No component starts with a dot, ends in `.pem` or `.key`, or is `secret`, in upper or lower case.
///
/// Give it the target as it came. Between NIO's HTTP/1 decoder and a middleware, `HTTP1ToHTTPServerCodec` takes scheme and host off an
/// absolute URL, so whoever has a channel of his own looks at `HTTPRequestHead.uri` before that.
///
/// It touches no file: where links lead is for ``PathSafety`` to say. Host, method and headers are for others, too.
public struct RequestPath: Sendable, Hashable, CustomStringConvertible {
  /// The most bytes that a target may have, as much as common servers accept.
  public static let maximumBytes = 8_192

  /// The names along the path, decoded; none for `/`.
  public let components: [String]
  /// Whether the path ends in a slash, as that of a folder.
  public let endsInSlash: Bool
  /// What follows the first `?`, as it was sent; nil if there is none.
  public let query: String?

  /// Decodes, normalises and authorises a request target.
  /// - Parameter target: as it stands in the request line, such as `/static/app.css?v=1`.
  /// - Throws: ``RequestPathError``, with the status that the answer should have.
  public init(target: String) throws(RequestPathError) {
    let bytes = Array(target.utf8)
    guard bytes.count <= Self.maximumBytes else {
      throw RequestPathError(.tooLong(limit: Self.maximumBytes))
    }
    guard bytes.first == UInt8(ascii: "/") else { throw RequestPathError(.notOriginForm) }
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "#"): throw RequestPathError(.hasFragment)
      case UInt8(ascii: "\\"): throw RequestPathError(.hasBackslash)
      case 0...0x20, 0x7F...: throw RequestPathError(.invalidByte(byte))
      default: break
      }
    }
    let end = bytes.firstIndex(of: UInt8(ascii: "?"))
    query = end.map { String(decoding: bytes[($0 + 1)...], as: UTF8.self) }

    var components: [String] = []
    var last = ""
    for encoded in bytes[1..<(end ?? bytes.endIndex)].split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      last = try Self.decode(encoded)
      if last == ".." { throw RequestPathError(.hasParentComponent) }
      if !last.isEmpty, last != "." { components.append(last) }
    }
    for component in components {
      if let name = DeniedName(component) { throw RequestPathError(.denied(name)) }
    }
    self.components = components
    endsInSlash = last.isEmpty || last == "."
  }

  /// The normalised path, decoded: `/static/my app.css`. Not for a header.
  public var description: String {
    "/" + relative + (endsInSlash && !components.isEmpty ? "/" : "")
  }

  /// The path without the slashes at both ends: `static/my app.css`; empty for `/`.
  public var relative: String { components.joined(separator: "/") }

  /// One component, decoded once.
  private static func decode(_ encoded: ArraySlice<UInt8>) throws(RequestPathError) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encoded.count)
    var rest = encoded
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(PercentEncoding.hexadecimal),
        let low = rest.popFirst().flatMap(PercentEncoding.hexadecimal)
      else { throw RequestPathError(.badPercentEncoding) }
      switch high << 4 | low {
      case UInt8(ascii: "/"): throw RequestPathError(.hasEncodedSlash)
      case UInt8(ascii: "\\"): throw RequestPathError(.hasBackslash)
      case let control where control < 0x20 || control == 0x7F:
        throw RequestPathError(.controlCharacter(control))
      case let decoded: bytes.append(decoded)
      }
    }
    // Overlong forms of "." and "/" are no UTF-8.
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RequestPathError(.notUTF8)
    }
    return text
  }
}
