import WorkspaceTools

/// How one socket speaks: what our messages are on it, and what the client's mean.
struct SocketWire: Sendable {
  /// What is spoken.
  enum Language: Sendable, Hashable {
    /// Documentation/LIVE-RELOAD.md.
    case own
    /// LiveReload protocol 7, for existing browser extensions.
    case liveReload7
  }

  /// What is to be done with a client's message.
  enum Reaction: Sendable, Hashable {
    case send([String])
    case ignore
    /// They have no protocol in common.
    case close
  }

  /// The name of the protocol that extensions speak.
  static let official7 = "http://livereload.com/protocols/official-7"

  let language: Language
  /// An extension gets nothing before it has said hello.
  private(set) var isOpen: Bool

  init(_ language: Language) {
    self.language = language
    isOpen = language == .own
  }

  /// The texts that say a message; none if the language has no word for it.
  func texts(for wire: WireMessage) -> [String] {
    switch language {
    case .own: return [wire.json]
    case .liveReload7:
      guard isOpen, case .update(let update) = wire.message else { return [] }
      return Self.reloads(update)
    }
  }

  /// What a client's text asks for. Nothing it says leads to anything but a word in return.
  mutating func receive(_ text: String) -> Reaction {
    guard let message = try? ConfigFormat.json.parse(Array(text.utf8), file: "message") else {
      return .ignore
    }
    switch language {
    case .own:
      return message["type"]?.string == "ping" ? .send([LiveMessage.pong.json]) : .ignore
    case .liveReload7:
      guard message["command"]?.string == "hello" else { return .ignore }
      let offered = message["protocols"]?.array?.compactMap(\.string) ?? []
      guard offered.contains(Self.official7) else { return .close }
      isOpen = true
      return .send([Self.hello])
    }
  }

  private static var hello: String {
    var object = WireObject()
    object.add("command", "hello")
    object.add("protocols", raw: WireObject.array([WireObject.string(official7)]))
    object.add("serverName", "swift-hot-reload")
    return object.text
  }

  /// Styles and images are swapped by their paths; anything else loads the page anew, and all of them with it. A client
  /// asks for the URL that the page has, so an image whose URL has a digest is not found by its path, and the page is loaded
  /// anew. Of styles, all are asked for then, and the server of the assets sends it on to what they are now.
  private static func reloads(_ update: LiveMessage.Update) -> [String] {
    let inPlace = update.assets.allSatisfy { asset in
      asset.kind == .style
        || (asset.kind == .image && LivePath.path(of: asset.url) == asset.path)
    }
    guard !update.all, update.uses.isEmpty, inPlace, !update.assets.isEmpty else {
      return [reload("/")]
    }
    return update.assets.map { reload($0.path) }
  }

  private static func reload(_ path: String) -> String {
    var object = WireObject()
    object.add("command", "reload")
    object.add("path", path)
    object.add("liveCSS", true)
    object.add("liveImg", true)
    return object.text
  }
}
