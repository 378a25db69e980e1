/// What a `Content-Type` says, as far as it matters for injection.
struct DocumentType: Sendable, Hashable {
  /// Type and subtype, in lower case, without parameters.
  var essence: String
  /// The `charset` parameter in lower case.
  var charset: String?

  init(_ header: String) {
    let parts = header.split(separator: ";", omittingEmptySubsequences: false)
    essence = (parts.first ?? "").trimmed.lowercased()
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].trimmed.lowercased() == "charset" else { continue }
      charset = String(pair[1].trimmed.filter { $0 != "\"" && $0 != "'" }).lowercased()
      break
    }
  }

  /// Whether an element in ASCII may be inserted into such a document. XHTML is not HTML: it is parsed as XML.
  var takesElements: Bool {
    guard essence == "text/html" else { return false }
    guard let charset else { return true }
    return Self.containASCII.contains { charset.hasPrefix($0) }
  }

  var isEventStream: Bool { essence == "text/event-stream" }

  /// How the names of the encodings begin in which bytes below 0x80 mean ASCII. UTF-16, UTF-7, ISO-2022 and HZ do not.
  private static let containASCII = [
    "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "iso8859-", "latin1", "windows-125", "cp125",
    "windows-874", "koi8-", "macintosh", "x-mac-", "gb2312", "gbk", "gb18030", "big5", "euc-",
    "shift_jis", "shift-jis", "windows-31j", "ibm866", "tis-620",
  ]
}

extension StringProtocol {
  /// Without the space and tabs around it.
  var trimmed: SubSequence {
    var rest = self[...]
    while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
    return rest
  }
}
