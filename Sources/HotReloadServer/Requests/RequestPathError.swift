public import HotReloadContent

/// Why the target of a request is refused.
public struct RequestPathError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with a target.
  public enum Reason: Sendable, Hashable {
    /// It has more bytes than are accepted.
    case tooLong(limit: Int)
    /// It does not begin with a slash: an absolute URL, `*`, or nothing.
    case notOriginForm
    /// It has a `#` in it, which a client never sends.
    case hasFragment
    /// It has a byte that must be percent-encoded: a space, a control character, or one beyond ASCII.
    case invalidByte(UInt8)
    /// A `%` is not followed by two hexadecimal digits.
    case badPercentEncoding
    /// It has a percent-encoded control character, such as NUL or a line end.
    case controlCharacter(UInt8)
    /// What is percent-encoded is not UTF-8.
    case notUTF8
    /// It has a percent-encoded slash, which might be taken for one that divides components.
    case hasEncodedSlash
    /// It has a backslash, which some systems take for a slash.
    case hasBackslash
    /// It has a `..` component.
    case hasParentComponent
    /// It names something that is never served.
    case denied(DeniedName)
  }

  /// What is wrong.
  public var reason: Reason

  /// Creates an error.
  public init(_ reason: Reason) { self.reason = reason }

  /// The status of the answer: 414 for what is too long, 404 for what is never served (so that nobody learns whether it is there),
  /// else 400.
  public var status: Int {
    switch reason {
    case .tooLong: 414
    case .denied: 404
    default: 400
    }
  }

  /// What is wrong, without anything of what was sent: fit for an answer and for a log.
  public var description: String {
    switch reason {
    case .tooLong(let limit): "the request path has more than \(limit) bytes"
    case .notOriginForm: "the request target must begin with a slash"
    case .hasFragment: "the request path has a \"#\": send only what is before it"
    case .invalidByte(let byte):
      "the request path has the byte \(byte), which must be percent-encoded"
    case .badPercentEncoding:
      "the request path has a \"%\" that is not followed by two hexadecimal digits"
    case .controlCharacter(let byte): "the request path has the control character \(byte)"
    case .notUTF8: "the request path is not UTF-8"
    case .hasEncodedSlash: "the request path has an encoded slash"
    case .hasBackslash: "the request path has a backslash"
    case .hasParentComponent: "the request path has a \"..\" in it"
    case .denied(.dotfile): "names that start with a dot are not served"
    case .denied(.privateKey): "files with the ending .pem or .key are not served"
    case .denied(.secretFolder): "what is in a folder \"secret\" is not served"
    }
  }
}
