package import SystemPackage
package import WorkspaceTools

/// One JSON object on one line, built up as bytes. Every one has `event` and `time` (ns since 1970).
package struct JSONObject {
  private var bytes: [UInt8] = []

  /// An object with its first two members; `event` is a name without quotes in it.
  package init(event: String, time: Int64) {
    bytes += Array("{\"event\":\"\(event)\",\"time\":\(time)".utf8)
  }

  /// The whole object.
  package var finished: [UInt8] { bytes + [UInt8(ascii: "}")] }

  package mutating func add(_ key: StaticString, _ text: String) {
    begin(key)
    Self.append(text, to: &bytes)
  }

  package mutating func add(_ key: StaticString, _ number: some BinaryInteger) {
    begin(key)
    bytes += Array(String(number).utf8)
  }

  package mutating func add(_ key: StaticString, _ flag: Bool) {
    begin(key)
    bytes += Array((flag ? "true" : "false").utf8)
  }

  package mutating func add(_ key: StaticString, _ texts: [String]) {
    add(key, json: Self.array(texts.map(Self.string)))
  }

  /// Adds what is wrong with a config, as objects of `file`, `line`, `column`, `keyPath` and `message`.
  package mutating func add(_ key: StaticString, _ diagnostics: [ConfigDiagnostic]) {
    add(key, json: Self.array(diagnostics.map(Self.object)))
  }

  /// Adds a value that already is JSON.
  package mutating func add(_ key: StaticString, json: [UInt8]) {
    begin(key)
    bytes += json
  }

  /// Adds a member whose name is not known beforehand; the value already is JSON.
  package mutating func add(member key: String, json: [UInt8]) {
    bytes.append(UInt8(ascii: ","))
    Self.append(key, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    bytes += json
  }

  /// Adds a path; if it is not UTF-8, with U+FFFD in it, and its bytes in base64 under `KEYBytes`.
  package mutating func add(_ key: StaticString, path: FilePath) {
    let raw = pathBytes(path)
    add(key, String(decoding: raw, as: UTF8.self))
    if String(validating: raw, as: UTF8.self) == nil {
      bytes += Array(",\"\(key)Bytes\":\"".utf8)
      bytes += base64(raw)
      bytes.append(UInt8(ascii: "\""))
    }
  }

  private mutating func begin(_ key: StaticString) {
    bytes.append(UInt8(ascii: ","))
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { bytes += $0 }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private static func object(_ diagnostic: ConfigDiagnostic) -> [UInt8] {
    var members: [[UInt8]] = []
    func add(_ key: String, _ value: [UInt8]) { members.append(Array("\"\(key)\":".utf8) + value) }
    if let location = diagnostic.location {
      add("file", string(location.file))
      if location.line > 0 {
        add("line", Array(String(location.line).utf8))
        add("column", Array(String(location.column).utf8))
      }
    }
    if !diagnostic.keyPath.isEmpty { add("keyPath", string(diagnostic.keyPath)) }
    add("message", string(diagnostic.message))
    return [UInt8(ascii: "{")] + members.joined(separator: [UInt8(ascii: ",")])
      + [UInt8(ascii: "}")]
  }

  private static func array(_ elements: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "[")] + elements.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }

  private static func string(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    append(text, to: &bytes)
    return bytes
  }

  /// Appends a JSON string literal. U+2028 and U+2029 are escaped too: some readers take them for line ends.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes += [UInt8(ascii: "\\"), UInt8(ascii: "\"")]
      case "\\": bytes += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
      case "\n": bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      case "\r": bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
      case "\t": bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
      default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

/// The bytes of a path as the system has them.
package func pathBytes(_ path: FilePath) -> [UInt8] {
  path.withPlatformString { pointer in
    Array(UnsafeRawBufferPointer(start: pointer, count: path.length))
  }
}

/// Base64 as in RFC 4648, section 4.
package func base64(_ bytes: [UInt8]) -> [UInt8] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var encoded: [UInt8] = []
  encoded.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    var bits = group.reduce(0) { $0 << 8 | Int($1) }
    bits <<= 8 * (3 - group.count)
    for position in 0..<4 {
      let isPadding = position > group.count
      encoded.append(
        isPadding ? UInt8(ascii: "=") : alphabet[bits >> (18 - 6 * position) & 0x3F])
    }
  }
  return encoded
}
