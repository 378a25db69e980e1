import HotReload

extension LiveMessage {
  /// The message as a JSON object on one line, as it goes over the wire.
  public var json: String {
    var object = WireObject()
    switch self {
    case .hello(let session, let generation):
      object.add("type", "hello")
      object.add("session", session)
      object.add("generation", generation)
    case .update(let update):
      object.add("type", "update")
      object.add("generation", update.generation)
      object.add("uses", raw: WireObject.array(update.uses.map(WireObject.string)))
      object.add("styles", raw: Self.assets(update, .style))
      object.add("images", raw: Self.assets(update, .image))
      object.add("scripts", raw: Self.assets(update, .script))
      object.add("all", update.all)
    case .error(let generation, let errors):
      object.add("type", "error")
      object.add("generation", generation)
      object.add("errors", raw: WireObject.array(errors.map(\.json)))
    case .clear: object.add("type", "clear")
    case .building: object.add("type", "building")
    case .built(let ok, let output):
      object.add("type", "built")
      object.add("ok", ok)
      if let output { object.add("output", output) }
    case .pong: object.add("type", "pong")
    }
    return object.text
  }

  private static func assets(_ update: Update, _ kind: LiveAssetChange.Kind) -> [UInt8] {
    WireObject.array(
      update.assets.filter { $0.kind == kind }.map { change in
        var object = WireObject()
        object.add("path", change.path)
        if let old = change.old { object.add("old", old) } else { object.addNull("old") }
        object.add("url", change.url)
        return object.bytes
      })
  }
}

extension LiveError {
  fileprivate var json: [UInt8] {
    var object = WireObject()
    object.add("unit", unit)
    if let file { object.add("file", file) }
    if let line { object.add("line", line) }
    if let column { object.add("column", column) }
    if let keyPath { object.add("keyPath", keyPath) }
    object.add("message", message)
    if let excerpt {
      var lines = WireObject()
      lines.add("first", excerpt.first)
      lines.add("lines", raw: WireObject.array(excerpt.lines.map(WireObject.string)))
      object.add("excerpt", raw: lines.bytes)
    }
    return object.bytes
  }
}

/// A JSON object that is built up as bytes, in the order of the calls. Its names need no escape.
struct WireObject {
  private var members: [UInt8] = []

  var bytes: [UInt8] { [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")] }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func add(_ name: StaticString, _ text: String) { add(name, raw: Self.string(text)) }

  mutating func add(_ name: StaticString, _ number: some BinaryInteger) {
    add(name, raw: Array(String(number).utf8))
  }

  mutating func add(_ name: StaticString, _ flag: Bool) {
    add(name, raw: Array((flag ? "true" : "false").utf8))
  }

  mutating func addNull(_ name: StaticString) { add(name, raw: Array("null".utf8)) }

  /// Adds a value that is JSON already.
  mutating func add(_ name: StaticString, raw: [UInt8]) {
    if !members.isEmpty { members.append(UInt8(ascii: ",")) }
    members += Array("\"\(name)\":".utf8) + raw
  }

  static func string(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    JSONObject.append(text, to: &bytes)
    return bytes
  }

  static func array(_ elements: [[UInt8]]) -> [UInt8] {
    [UInt8(ascii: "[")] + elements.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }
}
