public import HTTPTypes
public import HotReloadContent

/// The element that brings the client of live reload into a page, as Documentation/LIVE-RELOAD.md has it.
public struct PageScript: Sendable, Hashable {
  /// The URL path of the client.
  public static let path = "/_hotreload/client.js"

  /// What the socket wants to see.
  public var token: String
  /// The generation that the page was made from.
  public var generation: UInt64
  /// What the page was made from; if it is empty nobody knows, and every change concerns the page.
  public var uses: Set<RenderUsage.Source>
  /// The nonce of the answer's Content Security Policy, if it has one.
  public var nonce: String?
  /// How the page was asked for. One that is the answer to anything but GET is never fetched again by the client.
  public var method: HTTPRequest.Method

  /// Creates it.
  public init(
    token: String, generation: UInt64, uses: Set<RenderUsage.Source> = [], nonce: String? = nil,
    method: HTTPRequest.Method = .get
  ) {
    self.token = token
    self.generation = generation
    self.uses = uses
    self.nonce = nonce
    self.method = method
  }

  /// The element, in ASCII, so that it fits documents of any encoding that contains ASCII.
  public var html: String {
    var html = "<script src=\"\(Self.path)\" data-hotreload=\"\(Self.escaped(token))\""
    html += " data-generation=\"\(generation)\""
    if !uses.isEmpty {
      let names = uses.sorted().map { Self.json($0.description) }
      html += " data-uses=\"\(Self.escaped("[" + names.joined(separator: ",") + "]"))\""
    }
    if method != .get { html += " data-method=\"\(Self.escaped(method.rawValue))\"" }
    if let nonce { html += " nonce=\"\(Self.escaped(nonce))\"" }
    return html + " defer></script>"
  }

  /// A JSON string in ASCII.
  static func json(_ text: String) -> String {
    var json = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: json += "\\\""
      case 0x5C: json += "\\\\"
      case 0x20...0x7E: json.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return json + "\""
  }

  /// An attribute's value, in ASCII.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in HTMLText.escaped(text).unicodeScalars {
      if scalar.isASCII {
        result.unicodeScalars.append(scalar)
      } else {
        result += "&#\(scalar.value);"
      }
    }
    return result
  }
}
