/// The request targets that are ours, as they are written: whoever encodes a letter of them asks for something else.
enum LivePath {
  /// Everything below it is ours.
  static let folder = "/_hotreload"
  static let socket = "/_hotreload/socket"
  static let events = "/_hotreload/events"
  static let ping = "/_hotreload/ping"
  static let client = "/_hotreload/client.js"
  static let reload = "/_hotreload/reload"
  static let pause = "/_hotreload/pause"
  static let resume = "/_hotreload/resume"
  static let extensionSocket = "/livereload"
  static let extensionClient = "/livereload.js"

  /// The path of a request target, without its query.
  static func path(of target: String) -> Substring {
    target.prefix { $0 != "?" && $0 != "#" }
  }

  /// Whether a path is answered here.
  static func isOurs(_ path: Substring) -> Bool {
    path == folder || path.hasPrefix(folder + "/") || path == extensionSocket
      || path == extensionClient
  }

  /// The one `token` of a request target's query; nil if there is none, or more than one.
  static func token(in target: String) -> Substring? {
    guard let mark = target.firstIndex(of: "?") else { return nil }
    let name = "token="
    let tokens = target[target.index(after: mark)...].split(separator: "&")
      .filter { $0.hasPrefix(name) }
    return tokens.count == 1 ? tokens[0].dropFirst(name.count) : nil
  }
}
