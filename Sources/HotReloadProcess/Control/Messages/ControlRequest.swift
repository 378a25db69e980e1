/// What can be asked of a running instance.
///
/// On the socket a request is one JSON object on one line, for example
/// `{"version":1,"request":"diff","config":"app","from":3,"to":5}`. Members that a request does not have are ignored.
public enum ControlRequest: Sendable, Hashable {
  /// How many history entries are given at most if the request does not say.
  public static let defaultHistoryLimit = 50
  /// How many history entries can be asked for.
  public static let maximumHistoryLimit = 10_000

  /// Whether somebody is there, and who.
  case ping
  /// How the instance is doing.
  case status
  /// Load every config again.
  case reload
  /// Let changes on disk wait until ``resume``.
  case pause
  /// Apply what waited, and go on.
  case resume
  /// What was applied and refused: of one config, or of all; the newest first.
  case history(config: String?, limit: Int)
  /// What differs between two generations of a config: `from` nil means the one before `to`, `to` nil what is in force.
  case diff(config: String, from: UInt64?, to: UInt64?)
  /// Put what a config was in a generation in force again, and on disk.
  case restore(config: String, generation: UInt64)
  /// Load these configs from disk, all if none is named, and check them with the instance's types and validators,
  /// without applying them.
  case check(configs: [String])

  /// The request's name on the socket.
  public var name: String { kind.rawValue }

  enum Kind: String, CaseIterable {
    case ping, status, reload, pause, resume, history, diff, restore, check
  }

  var kind: Kind {
    switch self {
    case .ping: .ping
    case .status: .status
    case .reload: .reload
    case .pause: .pause
    case .resume: .resume
    case .history: .history
    case .diff: .diff
    case .restore: .restore
    case .check: .check
    }
  }
}

/// A request as it stands on the socket: with the version of the protocol, and whether secrets are wanted.
public struct ControlMessage: Sendable, Hashable {
  /// The version of the protocol that this library speaks. A server answers older versions too.
  public static let currentVersion = 1

  /// The version that the sender speaks.
  public var version: Int
  /// What is asked.
  public var request: ControlRequest
  /// Whether the answer may hold the values of secret keys.
  public var showSecrets: Bool

  /// A request in the current version.
  public init(_ request: ControlRequest, showSecrets: Bool = false) {
    version = Self.currentVersion
    self.request = request
    self.showSecrets = showSecrets
  }
}

extension ControlMessage: Codable {
  private enum Key: String, CodingKey {
    case version, request, showSecrets, config, configs, limit, from, to, generation
  }

  /// Reads a request, of whatever version: whoever reads it looks at that first.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    version = try container.decode(Int.self, forKey: .version)
    let name = try container.decode(String.self, forKey: .request)
    guard let kind = ControlRequest.Kind(rawValue: name) else {
      let known = ControlRequest.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        forKey: .request, in: container,
        debugDescription: "there is no request \"\(name)\"; there are \(known)")
    }
    showSecrets = try container.decodeIfPresent(Bool.self, forKey: .showSecrets) ?? false
    func config() throws -> String { try container.decode(String.self, forKey: .config) }
    func number(_ key: Key) throws -> UInt64? {
      try container.decodeIfPresent(UInt64.self, forKey: key)
    }
    switch kind {
    case .ping: request = .ping
    case .status: request = .status
    case .reload: request = .reload
    case .pause: request = .pause
    case .resume: request = .resume
    case .history:
      let limit = try container.decodeIfPresent(Int.self, forKey: .limit)
      request = .history(
        config: try container.decodeIfPresent(String.self, forKey: .config),
        limit: min(
          max(1, limit ?? ControlRequest.defaultHistoryLimit), ControlRequest.maximumHistoryLimit))
    case .diff: request = .diff(config: try config(), from: try number(.from), to: try number(.to))
    case .restore:
      let generation = try container.decode(UInt64.self, forKey: .generation)
      request = .restore(config: try config(), generation: generation)
    case .check:
      request = .check(
        configs: try container.decodeIfPresent([String].self, forKey: .configs) ?? [])
    }
  }

  /// Writes the request, without what is at its default.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(version, forKey: .version)
    try container.encode(request.name, forKey: .request)
    if showSecrets { try container.encode(true, forKey: .showSecrets) }
    switch request {
    case .ping, .status, .reload, .pause, .resume: break
    case .history(let config, let limit):
      try container.encodeIfPresent(config, forKey: .config)
      try container.encode(limit, forKey: .limit)
    case .diff(let config, let from, let to):
      try container.encode(config, forKey: .config)
      try container.encodeIfPresent(from, forKey: .from)
      try container.encodeIfPresent(to, forKey: .to)
    case .restore(let config, let generation):
      try container.encode(config, forKey: .config)
      try container.encode(generation, forKey: .generation)
    case .check(let configs): try container.encode(configs, forKey: .configs)
    }
  }
}
