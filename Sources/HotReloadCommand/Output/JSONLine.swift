import HotReload

/// One JSON object on one line of output.
typealias JSONLine = JSONObject

extension JSONObject {
  init(event: StaticString) {
    self.init(event: "\(event)", time: nanosecondsSince1970())
  }

  /// The whole line with its newline.
  func finished() -> [UInt8] { finished + [UInt8(ascii: "\n")] }
}
